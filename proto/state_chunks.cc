#include "proto/state_chunks.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "proto/chunking.h"
#include "proto/values.h"
#include "worker/core/crc32c.h"

namespace tomoslab {
namespace {

constexpr int kMostParts = 64, kMostValues = 1000, kLongestName = 60;
constexpr std::size_t kMostValueBytes = 1 << 20;

absl::Status CheckName(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
  });
  if (plain && !name.empty() && name.size() <= kLongestName) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("\"%s\" is no name of a part: letters, digits and _, at most %d",
                      name.substr(0, 100), kLongestName));
}

absl::Status CheckShape(const v1::StatePart& part, const StateShapes& shapes) {
  const bool volume = part.planes() == shapes.slices && part.plane_size() == shapes.slice_size;
  const bool projections = part.planes() == shapes.rows && part.plane_size() == shapes.row_size;
  if (volume || projections) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "part %s has %d planes of %d numbers; a volume has %d of %d, projections have %d of %d",
      part.name(), part.planes(), part.plane_size(), shapes.slices, shapes.slice_size, shapes.rows,
      shapes.row_size));
}

}  // namespace

StateShapes ShapesOf(const v1::VolumeGeometry& volume, const v1::Scan& scan) {
  const v1::Detector& detector = scan.geometry().detector();
  return {.slices = volume.slices(),
          .slice_size = std::int64_t{volume.rows()} * volume.columns(),
          .rows = detector.rows(),
          .row_size = std::int64_t{scan.view_count()} * detector.columns()};
}

std::int64_t PlaneBytes(const v1::StatePart& part) {
  return part.plane_size() * static_cast<std::int64_t>(sizeof(float));
}

std::int64_t BlocksPerPlane(const v1::StatePart& part) {
  return (PlaneBytes(part) + kMaxChunkBytes - 1) / kMaxChunkBytes;
}

std::int64_t BlockBytes(const v1::StatePart& part, std::int64_t block) {
  return std::min(kMaxChunkBytes, PlaneBytes(part) - block * kMaxChunkBytes);
}

std::int64_t StateBytes(const v1::Checkpoint& checkpoint) {
  std::int64_t bytes = 0;
  for (const v1::StatePart& part : checkpoint.part()) bytes += part.planes() * PlaneBytes(part);
  return bytes;
}

absl::Status CheckCheckpoint(const v1::Checkpoint& checkpoint, const StateShapes& shapes) {
  const bool few = checkpoint.part_size() > 0 && checkpoint.part_size() <= kMostParts &&
                   checkpoint.value_size() <= kMostValues &&
                   checkpoint.ByteSizeLong() <= kMostValueBytes;
  if (!few || checkpoint.iteration() < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a checkpoint of iteration %d with %d parts and %d values: 1 .. %d parts are taken, and at "
        "most %d values",
        checkpoint.iteration(), checkpoint.part_size(), checkpoint.value_size(), kMostParts,
        kMostValues));
  }
  std::set<std::string> names;
  for (const v1::StatePart& part : checkpoint.part()) {
    if (const absl::Status name = CheckName(part.name()); !name.ok()) return name;
    if (!names.insert(part.name()).second) {
      return absl::InvalidArgumentError(absl::StrFormat("two parts are named %s", part.name()));
    }
    if (const absl::Status shape = CheckShape(part, shapes); !shape.ok()) return shape;
  }
  return absl::OkStatus();
}

void FillChunk(const v1::StatePart& part, std::int64_t block, std::string_view plane_data,
               v1::StateChunk* chunk) {
  const std::string_view data = plane_data.substr(block * kMaxChunkBytes, BlockBytes(part, block));
  chunk->set_block(block);
  chunk->set_crc32c(Crc32c(data.data(), data.size()));
  chunk->set_data(data.data(), data.size());
}

absl::Status CheckChunk(const v1::StateChunk& chunk, const v1::Checkpoint& checkpoint) {
  if (chunk.part() < 0 || chunk.part() >= checkpoint.part_size())
    return absl::OutOfRangeError(absl::StrFormat("there is no part %d", chunk.part()));
  const v1::StatePart& part = checkpoint.part(chunk.part());
  if (chunk.plane() < 0 || chunk.plane() >= part.planes() || chunk.block() < 0 ||
      chunk.block() >= BlocksPerPlane(part)) {
    return absl::OutOfRangeError(absl::StrFormat(
        "block %d of plane %d lies outside part %s, which has %d blocks in each of %d planes",
        chunk.block(), chunk.plane(), part.name(), BlocksPerPlane(part), part.planes()));
  }
  const auto size = static_cast<std::int64_t>(chunk.data().size());
  if (size != BlockBytes(part, chunk.block())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("block %d of part %s holds %d bytes instead of %d", chunk.block(),
                        part.name(), size, BlockBytes(part, chunk.block())));
  }
  if (Crc32c(chunk.data().data(), chunk.data().size()) == chunk.crc32c()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("block %d of plane %d of part %s was damaged on the way: its crc32c differs",
                      chunk.block(), chunk.plane(), part.name()));
}

}  // namespace tomoslab
