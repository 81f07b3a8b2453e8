#include "worker/projector/joseph_columns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/projector/column_geometry.h"
#include "worker/projector/column_kernels.h"
#include "worker/projector/column_tiles.h"
#include "worker/projector/parallel_columns.h"
#include "worker/projector/tile_panel.h"

namespace tomoslab {
namespace {

thread_local AlignedFloats panel_storage, line_storage;

/// One run of the backprojection: all views of a cone beam into a tile of a block of slices, which
/// nobody else writes.
class BackwardTask {
 public:
  BackwardTask(const ProjectionBand& band, const float* y, const ColumnGeometry& geometry,
               const Volume& slab, const Tile& voxels, std::int64_t block, float* x)
      : band_(band),
        y_(y),
        geometry_(geometry),
        lattice_(slab, voxels.main),
        voxels_(voxels),
        // Rays between the tile's outer columns and their neighbours belong to it too; what they
        // give to the neighbours is dropped.
        tile_{voxels.main, voxels.planes, {voxels.lateral.begin - 1, voxels.lateral.end}},
        first_(block * kBlock),
        slices_(std::min(kBlock, slab.slices - first_)),
        x_(x) {}

  void Run() {
    const IndexRange slices{first_, first_ + WholeVectors(slices_)};
    const TilePanel panel(tile_, slices, panel_storage);
    panel.Clear();
    bool written = false;
    for (std::int64_t view = 0; view < static_cast<std::int64_t>(band_.views.size()); ++view) {
      if (geometry_.Rows(view).cone && geometry_.Uses(view, tile_.main))
        written |= RunView(view, panel);
    }
    if (written) panel.Unpack(voxels_, lattice_, slices_, x_);
  }

 private:
  bool RunView(std::int64_t view, const TilePanel& panel) {
    const TileShadow shadow = geometry_.Shadow(view, tile_);
    const ViewRows& rows = geometry_.Rows(view);
    const IndexRange window = FindRows(rows, shadow);
    if (window.empty()) return false;
    const IndexRange lit = Intersect(window, {0, band_.rows.size()});
    if (lit.empty()) return false;
    bool written = false;
    ColumnSteps steps;
    float* line = line_storage.Resize(window.size());
    std::fill_n(line, window.size(), 0.0f);
    for (std::int64_t column = shadow.columns.begin; column < shadow.columns.end; ++column) {
      const RayColumn& rays = geometry_.Column(view, column);
      if (rays.main != tile_.main) continue;
      if (!panel.Fill(rays, rows, static_cast<double>(window.begin), steps)) continue;
      const float* from = y_ + band_.Offset(view, column);
      std::copy(from + lit.begin, from + lit.end, line + (lit.begin - window.begin));
      written = true;
      SpreadResampled(line, window.size(), steps, panel.columns());
    }
    return written;
  }

  /// The band's rows that touch the block's slices in the tile, with what kernels read around them.
  IndexRange FindRows(const ViewRows& rows, const TileShadow& shadow) const {
    const auto count = static_cast<double>(band_.rows.size());
    double low = std::numeric_limits<double>::infinity(), high = -low;
    const auto margin = static_cast<double>(kMargin);
    double smallest_rise = low, largest_rise = 0, end = high;
    for (const double t : {shadow.nearest, shadow.farthest}) {
      const double step = rows.Step(t), start = rows.Start(t);
      // At the source (t ≤ 0) or with rows in one place: all of them.
      const bool any = (rows.cone && !(t > 0)) || step == 0;
      const double rise = any ? 0 : 1 / step;
      const double first = any ? -margin : (static_cast<double>(first_) - 1 - start) * rise;
      const double last = any ? count + margin : first + static_cast<double>(slices_ + 1) * rise;
      const double padded = first + static_cast<double>(DivideUp(slices_, 64) * 64 + 1) * rise;
      low = std::min({low, first, last});
      high = std::max({high, first, last});
      smallest_rise = std::min(smallest_rise, rise);
      largest_rise = std::max(largest_rise, rise);
      end = std::max(end, padded);
    }
    if (!(high > -1 && low < count)) return {0, 0};
    return {
        static_cast<std::int64_t>(std::max(std::floor(low - ReadBefore(smallest_rise)), -margin)),
        static_cast<std::int64_t>(
            std::min(std::ceil(std::max(high, end) + ReadAfter(smallest_rise, largest_rise)),
                     count + margin))};
  }

  const ProjectionBand& band_;
  const float* y_;
  const ColumnGeometry& geometry_;
  Lattice lattice_;
  Tile voxels_, tile_;
  std::int64_t first_, slices_;
  float* x_;
};

}  // namespace

void BackprojectJosephColumns(const ProjectionBand& band, float* y, const Volume& slab, float* x) {
  if (band.rows.empty()) return;
  const ColumnGeometry geometry(slab, band);
  std::vector<ParallelView> parallel;
  for (std::int64_t view = 0; view < static_cast<std::int64_t>(band.views.size()); ++view) {
    if (!geometry.Rows(view).cone) parallel.push_back(geometry.AsParallel(view));
  }
  BackprojectParallelColumns(band, y, parallel, RowsToSlices::kSpread, slab, x);
  if (parallel.size() == band.views.size()) return;
  geometry.ScaleByLength(y);
  ForVoxelTiles(slab, [&](const Tile& tile, std::int64_t block) {
    BackwardTask(band, y, geometry, slab, tile, block, x).Run();
  });
}

}  // namespace tomoslab
