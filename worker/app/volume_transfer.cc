#include "worker/app/volume_transfer.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "proto/chunking.h"
#include "worker/app/field_planes.h"
#include "worker/plan/memory_plan.h"

namespace tomoslab {
namespace {

/// Hands out a slab as chunks of lines (line = slice · rows + row). Transposes a few slices at a
/// time, so that every cache line of the slab is read once.
class SlabChunks {
 public:
  SlabChunks(const DistributedProjector& A, const Field& x)
      : columns_(A.volume().columns),
        rows_(A.volume().rows),
        slab_(A.slab()),
        x_(x),
        block_{slab_.begin, slab_.begin} {}

  bool Next(v1::VolumeChunk* chunk) {
    if (line_ == block_.size() * rows_ && !NextBlock()) return false;
    const std::int64_t bytes_per_line = columns_ * static_cast<std::int64_t>(sizeof(float));
    const std::int64_t lines =
        std::min(LinesPerChunk(bytes_per_line), block_.size() * rows_ - line_);
    FillChunk(block_.begin * rows_ + line_, bytes_per_line,
              std::string_view(reinterpret_cast<const char*>(values_.data() + line_ * columns_),
                               lines * bytes_per_line),
              chunk);
    line_ += lines;
    return true;
  }

 private:
  bool NextBlock() {
    block_ = {block_.end, std::min(slab_.end, block_.end + kDeliveredSlices)};
    line_ = 0;
    if (block_.empty()) return false;
    values_.resize(block_.size() * rows_ * columns_);
    TakePlanes(x_, {block_.begin - slab_.begin, block_.end - slab_.begin}, values_.data());
    return true;
  }

  std::int64_t columns_, rows_;
  IndexRange slab_;
  const Field& x_;
  IndexRange block_;
  std::int64_t line_ = 0;
  std::vector<float> values_;  // [slice of the block][row][column]
};

}  // namespace

absl::Status DeliverSlab(PoolClient& client, const std::string& lease,
                         const DistributedProjector& A, const Field& x) {
  return RepeatWhileBroken([&] {
    SlabChunks chunks(A, x);
    return client.DeliverSlices(lease, [&](v1::VolumeChunk* chunk) { return chunks.Next(chunk); });
  });
}

absl::Status FetchSlab(PoolClient& client, const v1::Lease& lease, const DistributedProjector& A,
                       Field& x) {
  const std::int64_t columns = A.volume().columns, rows = A.volume().rows;
  Field here = x.on_host() ? std::move(x) : HostLike(x);
  const auto take = [&](const v1::VolumeChunk& chunk) {
    std::vector<float> line(columns);
    for (std::int64_t i = 0; i < chunk.line_count(); ++i) {
      const std::int64_t slice = (chunk.first_line() + i) / rows,
                         row = (chunk.first_line() + i) % rows;
      if (slice < A.slab().begin || slice >= A.slab().end)
        return absl::InternalError("the server sent a slice that was not asked for");
      std::memcpy(line.data(), chunk.data().data() + i * columns * sizeof(float),
                  columns * sizeof(float));
      for (std::int64_t column = 0; column < columns; ++column) {
        here.line(row * columns + column)[slice - A.slab().begin] = line[column];
      }
    }
    return absl::OkStatus();
  };
  const absl::Status fetched =
      RepeatWhileBroken([&] { return client.FetchStartVolume(lease, A.slab(), take); });
  if (A.device_use().placement == Placement::kResident) {
    Copy(here, x);
  } else {
    x = std::move(here);
  }
  return fetched;
}

}  // namespace tomoslab
