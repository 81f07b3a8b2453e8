#include "worker/projector/voxel_columns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/projector/column_kernels.h"
#include "worker/projector/column_tiles.h"
#include "worker/projector/parallel_columns.h"
#include "worker/projector/pixel_map.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kSide = 32;  // of a tile, in voxel columns

thread_local AlignedFloats panel_storage;

/// The part of one view that a tile's voxels see.
struct Window {
  std::int64_t view;
  IndexRange columns, rows;
};

/// A view in parallel beam, whose depth is 1 everywhere.
ParallelView AsParallel(std::int64_t view, const PixelMap& map, const ProjectionBand& band) {
  return {.view = view,
          .column = map.column_depth.constant,
          .column_x = map.column_depth.x,
          .column_y = map.column_depth.y,
          .rows = {map.row_depth.constant - static_cast<double>(band.rows.begin), map.row_depth.z}};
}

/// One tile of voxel columns and one block of slices, which nobody else writes; all cone-beam
/// views.
class VoxelTask {
 public:
  VoxelTask(const ProjectionBand& band, const float* y, const Volume& slab,
            const std::vector<PixelMap>& maps, const Tile& tile, std::int64_t block, float* x)
      : band_(band),
        y_(y),
        slab_(slab),
        maps_(maps),
        columns_(tile.planes),
        rows_(tile.lateral),
        slices_{block * kBlock, std::min<std::int64_t>(slab.slices, (block + 1) * kBlock)},
        x_(x) {}

  void Run() {
    std::vector<Window> windows;
    for (std::size_t i = 0; i < maps_.size(); ++i) {
      const auto view = static_cast<std::int64_t>(i);
      if (band_.views[i].beam != Beam::kCone) continue;
      if (!(NearestDepth(maps_[i]) > 0)) {  // the source stands in the tile or near it
        BackprojectVoxelBox({band_.views.subspan(i, 1), band_.columns, band_.rows},
                            y_ + band_.Offset(view, 0), slab_, columns_, rows_, slices_, x_);
        continue;
      }
      const Window window = WindowOf(view);
      if (!window.rows.empty() && !window.columns.empty()) windows.push_back(window);
    }
    RunAll(windows);
  }

 private:
  template <class Visit>
  void ForCorners(Visit&& visit) const {
    for (const std::int64_t ix : {columns_.begin, columns_.end - 1}) {
      for (const std::int64_t iy : {rows_.begin, rows_.end - 1}) {
        visit(static_cast<double>(ix), static_cast<double>(iy));
      }
    }
  }

  double NearestDepth(const PixelMap& map) const {
    double nearest =
        map.depth(static_cast<double>(columns_.begin), static_cast<double>(rows_.begin), 0);
    ForCorners([&](double ix, double iy) { nearest = std::min(nearest, map.depth(ix, iy, 0)); });
    return nearest;
  }

  Window WindowOf(std::int64_t view) const {
    const PixelMap& map = maps_[view];
    double left = band_.columns + 1.0, right = -2, low = static_cast<double>(band_.rows.size()) + 1,
           high = -2, end_read = high, smallest_step = std::numeric_limits<double>::infinity(),
           largest_step = 0;
    ForCorners([&](double ix, double iy) {
      const double scale = 1 / map.depth(ix, iy, 0), column = map.column_depth(ix, iy, 0) * scale;
      left = std::min(left, column);
      right = std::max(right, column);
      const double begin = static_cast<double>(slices_.begin),
                   end = static_cast<double>(slices_.end - 1);
      const double offset = static_cast<double>(band_.rows.begin);
      const double first = map.row_depth(ix, iy, begin) * scale - offset,
                   last = map.row_depth(ix, iy, end) * scale - offset;
      low = std::min({low, first, last});
      high = std::max({high, first, last});
      const double step = map.row_depth.z * scale;
      const double padded =
          first + static_cast<double>(DivideUp(slices_.size(), 64) * 64 - 1) * step;
      smallest_step = std::min(smallest_step, step);
      largest_step = std::max(largest_step, step);
      end_read = std::max(end_read, padded);
    });
    const double count = band_.columns, rows = static_cast<double>(band_.rows.size());
    if (!(right > -1 && left < count && high > -1 && low < rows)) return {view, {0, 0}, {0, 0}};
    const auto margin = static_cast<double>(kMargin);
    // Two columns of zeros beyond the detector's edge: blends that touch nothing are found there.
    return {
        view,
        {static_cast<std::int64_t>(std::max(std::floor(left) - 1, -2.0)),
         static_cast<std::int64_t>(std::min(std::floor(right) + 3, count + 2))},
        {static_cast<std::int64_t>(std::max(std::floor(low - ReadBefore(smallest_step)), -margin)),
         static_cast<std::int64_t>(
             std::min(std::ceil(std::max(high, end_read) + ReadAfter(smallest_step, largest_step)),
                      rows + margin))}};
  }

  /// In groups whose packed windows fit in the cache.
  void RunAll(const std::vector<Window>& windows) {
    for (std::size_t first = 0; first < windows.size();) {
      std::int64_t width = 0, length = 0;
      std::size_t last = first;
      while (last < windows.size() && last - first < ColumnSteps::kCapacity) {
        const Window& next = windows[last];
        width = std::max(width, next.columns.size());
        length = std::max(length, WholeVectors(next.rows.size()));
        const auto count = static_cast<std::int64_t>(last - first) + 1;
        if (count > 1 && count * width * length > CachedFloats()) break;
        ++last;
      }
      width = length = 0;
      for (std::size_t i = first; i < last; ++i) {
        width = std::max(width, windows[i].columns.size());
        length = std::max(length, WholeVectors(windows[i].rows.size()));
      }
      RunGroup({windows.data() + first, last - first}, width, length);
      first = last;
    }
  }

  void RunGroup(absl::Span<const Window> group, std::int64_t width, std::int64_t length) {
    ColumnPanel panel;
    panel.length = length;
    panel.neighbour_stride = length;
    panel.samples = panel_storage.Resize(static_cast<std::int64_t>(group.size()) * width * length);
    VoxelSteps voxels;
    voxels.count = static_cast<int>(group.size());
    for (int i = 0; i < voxels.count; ++i) {
      float* samples = panel.samples + i * width * length;
      PackRows(group[i], panel, samples);
      Describe(group[i], static_cast<std::int32_t>(i * width * length), i, voxels);
    }
    ColumnSteps steps;
    for (std::int64_t iy = rows_.begin; iy < rows_.end; ++iy) {
      for (std::int64_t ix = columns_.begin; ix < columns_.end; ++ix) {
        FillVoxelSteps(voxels, static_cast<double>(ix), static_cast<double>(iy), panel, steps);
        alignas(64) float sums[kBlock] = {};
        AddResampled(panel, steps, slices_.size(), sums);
        float* out = x_ + (iy * slab_.columns + ix) * slab_.slices + slices_.begin;
        for (std::int64_t z = 0; z < slices_.size(); ++z) out[z] += sums[z];
      }
    }
  }

  void Describe(const Window& window, std::int32_t offset, int i, VoxelSteps& voxels) const {
    const PixelMap& map = maps_[window.view];
    voxels.offset[i] = offset;
    voxels.first_column[i] = static_cast<double>(window.columns.begin);
    voxels.last_column[i] = static_cast<double>(window.columns.size() - 2);
    voxels.column[i] = map.column_depth.constant;
    voxels.column_x[i] = map.column_depth.x;
    voxels.column_y[i] = map.column_depth.y;
    voxels.first_row[i] = static_cast<double>(window.rows.begin + band_.rows.begin);
    voxels.row[i] = map.row_depth.constant + map.row_depth.z * static_cast<double>(slices_.begin);
    voxels.row_x[i] = map.row_depth.x;
    voxels.row_y[i] = map.row_depth.y;
    voxels.row_z[i] = map.row_depth.z;
    voxels.depth[i] = map.depth.constant;
    voxels.depth_x[i] = map.depth.x;
    voxels.depth_y[i] = map.depth.y;
  }

  /// Detector column c of a view, or null beyond the detector.
  const float* Line(std::int64_t view, std::int64_t c) const {
    return c >= 0 && c < band_.columns ? y_ + band_.Offset(view, c) : nullptr;
  }

  /// The window as it is, with zeros beyond the detector.
  void PackRows(const Window& window, const ColumnPanel& panel, float* to) const {
    const IndexRange rows{window.rows.begin, window.rows.begin + panel.length};
    for (std::int64_t c = window.columns.begin; c < window.columns.end; ++c, to += panel.length) {
      CopyPadded(Line(window.view, c), band_.rows.size(), rows, to);
    }
  }

  const ProjectionBand& band_;
  const float* y_;
  const Volume& slab_;
  const std::vector<PixelMap>& maps_;
  IndexRange columns_, rows_, slices_;
  float* x_;
};

}  // namespace

void BackprojectVoxelColumns(const ProjectionBand& band, const float* y, const Volume& slab,
                             float* x) {
  std::vector<PixelMap> maps;
  std::vector<ParallelView> parallel;
  for (const View& view : band.views) {
    maps.push_back(MapOf(view, slab));
    if (view.beam == Beam::kCone) continue;
    const auto index = static_cast<std::int64_t>(maps.size()) - 1;
    parallel.push_back(AsParallel(index, maps.back(), band));
  }
  BackprojectParallelColumns(band, y, parallel, RowsToSlices::kInterpolated, slab, x);
  if (parallel.size() == band.views.size()) return;
  const std::int64_t blocks = DivideUp(slab.slices, kBlock);
  const std::vector<Tile> tiles = TilesOf(MainAxis::kX, {0, slab.columns}, {0, slab.rows}, kSide);
  ParallelFor(0, static_cast<std::int64_t>(tiles.size()) * blocks, [&](std::int64_t task) {
    VoxelTask(band, y, slab, maps, tiles[task / blocks], task % blocks, x).Run();
  });
}

}  // namespace tomoslab
