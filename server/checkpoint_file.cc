#include "server/checkpoint_file.h"

#include <google/protobuf/util/json_util.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/chunking.h"
#include "proto/state_chunks.h"
#include "server/hdf5_layout.h"
#include "worker/core/crc32c.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kChecksumBytes = sizeof(std::uint32_t);

std::string ValuesName(const v1::StatePart& part) { return absl::StrCat("/state/", part.name()); }
std::string ChecksumsName(const v1::StatePart& part) {
  return absl::StrCat("/crc32c/", part.name());
}

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  return google::protobuf::util::MessageToJsonString(message, &json).ok() ? json : "{}";
}

}  // namespace

absl::Status CheckpointFile::Create(const std::string& path, const v1::Checkpoint& checkpoint) {
  TOMOSLAB_RETURN_IF_ERROR(CheckSpace(path.substr(0, path.rfind('/')), StateBytes(checkpoint),
                                      "the checkpoint " + checkpoint.name()));
  Hdf5Layout layout(path);
  for (const v1::StatePart& part : checkpoint.part()) {
    layout.AddArray(ValuesName(part), {part.planes(), part.plane_size()}, v1::DATA_TYPE_FLOAT32);
    layout.AddArray(ChecksumsName(part), {part.planes(), BlocksPerPlane(part), kChecksumBytes},
                    v1::DATA_TYPE_UINT8);
  }
  layout.AddText("/state/values_json", ToJson(checkpoint));
  layout.SetText("/state", "name", checkpoint.name());
  layout.SetText("/state", "phase", checkpoint.phase());
  layout.SetInteger("/state", "iteration", checkpoint.iteration());
  return layout.Finish();
}

absl::StatusOr<CheckpointFile> CheckpointFile::Open(const std::string& path,
                                                    const v1::Checkpoint& checkpoint) {
  TOMOSLAB_ASSIGN_OR_RETURN(DataFile data, DataFile::Open(path));
  CheckpointFile file(std::move(data), checkpoint);
  for (const v1::StatePart& part : checkpoint.part()) {
    Part& place = file.parts_.emplace_back();
    TOMOSLAB_ASSIGN_OR_RETURN(place.values,
                              FindArray(path, ValuesName(part), part.planes() * PlaneBytes(part)));
    TOMOSLAB_ASSIGN_OR_RETURN(place.checksums,
                              FindArray(path, ChecksumsName(part),
                                        part.planes() * BlocksPerPlane(part) * kChecksumBytes));
  }
  return file;
}

std::int64_t CheckpointFile::OffsetOf(const v1::StateChunk& chunk) const {
  return parts_[chunk.part()].values.offset +
         chunk.plane() * PlaneBytes(checkpoint_.part(chunk.part())) +
         chunk.block() * kMaxChunkBytes;
}

std::int64_t CheckpointFile::ChecksumOffsetOf(const v1::StateChunk& chunk) const {
  const std::int64_t blocks = BlocksPerPlane(checkpoint_.part(chunk.part()));
  return parts_[chunk.part()].checksums.offset +
         (chunk.plane() * blocks + chunk.block()) * kChecksumBytes;
}

absl::Status CheckpointFile::Write(const v1::StateChunk& chunk) const {
  const auto size = static_cast<std::int64_t>(chunk.data().size());
  TOMOSLAB_RETURN_IF_ERROR(file_.WriteAt(OffsetOf(chunk), chunk.data().data(), size));
  const std::uint32_t crc32c = chunk.crc32c();
  char bytes[kChecksumBytes];
  std::memcpy(bytes, &crc32c, sizeof(bytes));
  return file_.WriteAt(ChecksumOffsetOf(chunk), bytes, kChecksumBytes);
}

absl::Status CheckpointFile::Read(v1::StateChunk* chunk) const {
  std::string& data = *chunk->mutable_data();
  data.resize(BlockBytes(checkpoint_.part(chunk->part()), chunk->block()));
  char bytes[kChecksumBytes];
  TOMOSLAB_RETURN_IF_ERROR(
      file_.ReadAt(OffsetOf(*chunk), data.data(), static_cast<std::int64_t>(data.size())));
  TOMOSLAB_RETURN_IF_ERROR(file_.ReadAt(ChecksumOffsetOf(*chunk), bytes, kChecksumBytes));
  std::uint32_t crc32c = 0;
  std::memcpy(&crc32c, bytes, sizeof(bytes));
  chunk->set_crc32c(crc32c);
  if (Crc32c(data.data(), data.size()) == crc32c) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat(
      "%s is damaged: the crc32c of block %d of plane %d of %s is not the one that was stored",
      file_.path(), chunk->block(), chunk->plane(), checkpoint_.part(chunk->part()).name()));
}

}  // namespace tomoslab
