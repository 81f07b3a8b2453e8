// What ranks deliver: checkpoints and their blocks, and previews. What is accepted fits into its
// volume, and its file's size can be computed.
#include <cstdint>

#include "proto/chunking.h"
#include "proto/state_chunks.h"
#include "server/preview_store.h"
#include "tests/fuzz/quiet_protobuf.h"
#include "worker/core/crc32c.h"

namespace tomoslab {
namespace {

constexpr StateShapes kShapes{.slices = 3, .slice_size = 1 << 19, .rows = 2, .row_size = 7};

void Use(const v1::Checkpoint& checkpoint) {
  if (!CheckCheckpoint(checkpoint, kShapes).ok()) return;
  const std::int64_t most = checkpoint.part_size() * kShapes.slices * kShapes.slice_size * 4;
  if (StateBytes(checkpoint) <= 0 || StateBytes(checkpoint) > most) __builtin_trap();
}

void Use(v1::StateChunk chunk, const v1::Checkpoint& checkpoint) {
  if (!CheckCheckpoint(checkpoint, kShapes).ok()) return;
  chunk.set_crc32c(Crc32c(chunk.data().data(), chunk.data().size()));  // would keep the fuzzer out
  if (!CheckChunk(chunk, checkpoint).ok()) return;
  const v1::StatePart& part = checkpoint.part(chunk.part());
  const std::int64_t begin = chunk.block() * kMaxChunkBytes;
  if (chunk.plane() < 0 || chunk.plane() >= part.planes() || begin < 0 ||
      begin + static_cast<std::int64_t>(chunk.data().size()) > PlaneBytes(part))
    __builtin_trap();
}

void Use(const v1::PreviewChunk& sent) {
  v1::VolumeGeometry volume;
  volume.set_columns(40);
  volume.set_rows(30);
  volume.set_slices(20);
  if (!CheckPreview(sent.preview(), volume).ok()) return;
  const std::int64_t bytes_per_row = 4 * sent.preview().columns();
  v1::PreviewChunk chunk = sent;
  chunk.set_crc32c(Crc32c(chunk.data().data(), chunk.data().size()));
  if (!CheckChunk(chunk, bytes_per_row, sent.preview().rows()).ok()) return;
  if (chunk.first_row() < 0 || chunk.first_row() + chunk.row_count() > 40 ||
      static_cast<std::int64_t>(chunk.data().size()) != chunk.row_count() * bytes_per_row)
    __builtin_trap();
}

}  // namespace
}  // namespace tomoslab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tomoslab;
  const int bytes = static_cast<int>(size);
  v1::DeliverCheckpointRequest request;
  if (request.ParseFromArray(data, bytes)) {
    static const auto* state = [] {
      auto* made = new v1::Checkpoint();
      v1::StatePart* part = made->add_part();
      part->set_name("x");
      part->set_planes(kShapes.rows);
      part->set_plane_size(kShapes.row_size);
      return made;
    }();
    Use(request.begin().checkpoint());
    Use(request.chunk(), *state);
  }
  v1::PreviewChunk preview;
  if (preview.ParseFromArray(data, bytes)) Use(preview);
  return 0;
}
