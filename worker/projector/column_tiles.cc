#include "worker/projector/column_tiles.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>

#include "worker/core/parallel.h"
#include "worker/projector/column_kernels.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kSmallestSide = 8, kFewestViews = 24, kTasksPerThread = 8;

/// Bytes of the cache that a core has for itself.
std::int64_t CoreCache() {
  static const std::int64_t bytes = [] {
    std::int64_t size = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE
    size = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return std::clamp<std::int64_t>(size, 256 << 10, 4 << 20);
  }();
  return bytes;
}

/// Views that one task takes of `views`, when each view has `blocks` blocks.
std::int64_t ViewsPerTask(std::int64_t views, std::int64_t blocks) {
  if (views == 0) return 1;
  const std::int64_t wanted = (kTasksPerThread * ThreadCount() + blocks - 1) / blocks;
  const std::int64_t most = std::max<std::int64_t>(1, views / kFewestViews);
  const std::int64_t runs = std::min(wanted, most);
  return (views + runs - 1) / runs;
}

}  // namespace

Lattice::Lattice(const Volume& slab, MainAxis main) {
  const bool along_x = main == MainAxis::kX;
  const std::int64_t x_stride = slab.slices, y_stride = x_stride * slab.columns;
  planes = along_x ? slab.columns : slab.rows;
  columns = along_x ? slab.rows : slab.columns;
  plane_stride = along_x ? x_stride : y_stride;
  column_stride = along_x ? y_stride : x_stride;
}

void AlignedFloats::Free::operator()(float* memory) const { std::free(memory); }

float* AlignedFloats::Resize(std::int64_t count) {
  if (count > capacity_) {
    constexpr std::int64_t kLine = 64;
    const std::int64_t bytes = (count * 4 + kLine - 1) / kLine * kLine;
    memory_.reset(static_cast<float*>(std::aligned_alloc(kLine, bytes)));
    if (memory_ == nullptr) throw std::bad_alloc();
    capacity_ = bytes / 4;
  }
  return memory_.get();
}

std::int64_t CachedFloats() { return CoreCache() / 2 / static_cast<std::int64_t>(sizeof(float)); }

std::int64_t TileSide(std::int64_t samples) {
  const double columns = static_cast<double>(CachedFloats()) / static_cast<double>(samples);
  const auto side = static_cast<std::int64_t>(std::sqrt(columns)) / 8 * 8;
  return std::clamp<std::int64_t>(side, kSmallestSide, ColumnSteps::kCapacity);
}

std::vector<Tile> TilesOf(MainAxis main, IndexRange planes, IndexRange lateral, std::int64_t side) {
  std::vector<Tile> tiles;
  // Along the main axis first: neighbours in this order are seen by much the same rays.
  for (std::int64_t c = lateral.begin; c < lateral.end; c += side) {
    for (std::int64_t p = planes.begin; p < planes.end; p += side) {
      tiles.push_back(
          {main, {p, std::min(planes.end, p + side)}, {c, std::min(lateral.end, c + side)}});
    }
  }
  return tiles;
}

void CopyPadded(const float* line, std::int64_t count, IndexRange range, float* to) {
  const IndexRange inside = Intersect(range, {0, count});
  if (line == nullptr || inside.empty()) {
    std::fill_n(to, range.size(), 0.0f);
    return;
  }
  to = std::fill_n(to, inside.begin - range.begin, 0.0f);
  to = std::copy(line + inside.begin, line + inside.end, to);
  std::fill_n(to, range.end - inside.end, 0.0f);
}

std::vector<AxisRun> RunsByAxis(const ColumnGeometry& geometry, std::int64_t views,
                                std::int64_t blocks) {
  std::vector<AxisRun> runs;
  for (const MainAxis main : {MainAxis::kX, MainAxis::kY}) {
    std::vector<std::int64_t> list;
    for (std::int64_t view = 0; view < views; ++view) {
      if (geometry.Uses(view, main)) list.push_back(view);
    }
    const auto count = static_cast<std::int64_t>(list.size());
    const std::int64_t most = ViewsPerTask(count, 2 * blocks);
    for (std::int64_t first = 0; first < count; first += most) {
      runs.push_back({main, {list.begin() + first, list.begin() + std::min(count, first + most)}});
    }
  }
  return runs;
}

}  // namespace tomoslab
