#include "worker/projector/joseph_columns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/projector/column_geometry.h"
#include "worker/projector/column_kernels.h"
#include "worker/projector/column_tiles.h"
#include "worker/projector/tile_panel.h"

namespace tomoslab {
namespace {

thread_local AlignedFloats panel_storage, line_storage;

/// One run of the forward projection: a block of rows of the columns that have one main axis, in a
/// few views.
class ForwardTask {
 public:
  ForwardTask(const Volume& slab, const float* x, const ProjectionBand& band,
              const ColumnGeometry& geometry, MainAxis main, absl::Span<const std::int64_t> views,
              std::int64_t block, float* y)
      : slab_(slab),
        x_(x),
        band_(band),
        geometry_(geometry),
        main_(main),
        views_(views),
        row_(block * kBlock),
        rows_(std::min(kBlock, band.rows.size() - row_)),
        y_(y),
        shadows_(views.size()),
        shift_(CommonShift()) {}

  void Run() {
    for (const std::int64_t view : views_) {
      for (std::int64_t column = 0; column < band_.columns; ++column) {
        if (geometry_.Column(view, column).main == main_) {
          std::fill_n(Out(view, column), rows_, 0.0f);
        }
      }
    }
    const Lattice lattice(slab_, main_);
    // A step belongs to the tile of its lower column, which may lie just outside: begin at −1.
    for (const Tile& tile :
         TilesOf(main_, {0, lattice.planes}, {-1, lattice.columns}, TileSide(kBlock + kBlock))) {
      RunTile(tile, lattice);
    }
  }

 private:
  float* Out(std::int64_t view, std::int64_t column) const {
    return y_ + band_.Offset(view, column) + row_;
  }

  /// Where all views are in parallel beam with rows as far apart as slices, and in the same places.
  std::optional<std::int64_t> CommonShift() const {
    std::optional<std::int64_t> common;
    for (const std::int64_t view : views_) {
      const ViewRows& rows = geometry_.Rows(view);
      if (rows.cone) return std::nullopt;
      const Positions z{rows.base + static_cast<double>(row_) * rows.step, rows.step};
      const std::optional<std::int64_t> shift = WholeShift(z, rows_);
      if (!shift || (common && *common != *shift)) return std::nullopt;
      common = shift;
    }
    return common;
  }

  /// The slices that the block's rows meet in the tile, with what kernels read around them; empty:
  /// none does.
  IndexRange FindSlices(const Tile& tile) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const std::int64_t view = views_[i];
      TileShadow& shadow = shadows_[i];
      shadow = geometry_.Shadow(view, tile);
      if (shadow.columns.empty()) continue;
      const ViewRows& rows = geometry_.Rows(view);
      double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
      double smallest_step = lowest, largest_step = 0, end = highest;
      for (const double t : {shadow.nearest, shadow.farthest}) {
        const double step = rows.Step(t);
        const double first = rows.Start(t) + static_cast<double>(row_) * step;
        const double last = first + static_cast<double>(rows_ - 1) * step;
        // Kernels compute whole groups of vectors.
        const double padded = first + static_cast<double>(DivideUp(rows_, 64) * 64 - 1) * step;
        lowest = std::min({lowest, first, last});
        highest = std::max({highest, first, last});
        smallest_step = std::min(smallest_step, step);
        largest_step = std::max(largest_step, step);
        end = std::max(end, padded);
      }
      if (!(highest > -1 && lowest < slab_.slices)) {
        shadow.columns = {0, 0};
        continue;
      }
      low = std::min(low, lowest - ReadBefore(smallest_step));
      high = std::max(high, std::max(highest, end) + ReadAfter(smallest_step, largest_step));
    }
    if (low > high) return {0, 0};
    if (shift_) return {*shift_, *shift_ + WholeVectors(rows_)};
    const auto margin = static_cast<double>(kMargin), slices = static_cast<double>(slab_.slices);
    const auto begin = static_cast<std::int64_t>(std::max(std::floor(low), -margin));
    const auto end = static_cast<std::int64_t>(std::min(std::ceil(high), slices + margin));
    return {begin, begin + WholeVectors(end - begin)};
  }

  void RunTile(const Tile& tile, const Lattice& lattice) {
    const IndexRange slices = FindSlices(tile);
    if (slices.empty()) return;
    const TilePanel panel(tile, slices, panel_storage);
    panel.Pack(x_, lattice, slab_.slices);
    ColumnSteps steps;
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const std::int64_t view = views_[i];
      const IndexRange columns = shadows_[i].columns;
      const ViewRows& rows = geometry_.Rows(view);
      for (std::int64_t column = columns.begin; column < columns.end; ++column) {
        const RayColumn& rays = geometry_.Column(view, column);
        if (rays.main != tile.main) continue;
        if (!panel.Fill(rays, rows, static_cast<double>(row_), steps)) continue;
        if (shift_) {
          AddShifted(panel, steps, Out(view, column));
        } else if (rows.cone) {
          AddCone(panel, steps, Out(view, column));
        } else {
          AddParallel(panel, steps, Out(view, column));
        }
      }
    }
  }

  void AddCone(const TilePanel& panel, const ColumnSteps& steps, float* out) const {
    if (rows_ == kBlock) return AddResampled(panel.columns(), steps, rows_, out);
    alignas(64) float sums[kBlock] = {};
    AddResampled(panel.columns(), steps, rows_, sums);
    for (std::int64_t k = 0; k < rows_; ++k) out[k] += sums[k];
  }

  /// Parallel rays meet the slices in the same places at every step: sum first, resample once.
  void AddParallel(const TilePanel& panel, const ColumnSteps& steps, float* out) const {
    const ColumnPanel& columns = panel.columns();
    const Positions z{steps.start[0], steps.step[0]};
    const ColumnSteps one = OneStep(z);
    // Only what the rows touch is summed; around it kernels read zeros.
    const auto [low, high] = std::minmax({z(0), z(rows_ - 1)});
    const auto length = static_cast<double>(columns.length);
    const auto begin =
        static_cast<std::int64_t>(std::clamp(std::floor(low), 0.0, length)) / 16 * 16;
    const auto end = WholeVectors(static_cast<std::int64_t>(std::clamp(high + 2, 0.0, length)));
    float* sums = line_storage.Resize(columns.length);
    std::fill_n(sums, columns.length, 0.0f);
    AddBlended(columns, steps, begin, end - begin, sums + begin);
    const ColumnPanel line{sums, 0, columns.length};
    if (rows_ == kBlock) return AddResampled(line, one, rows_, out);
    alignas(64) float resampled[kBlock] = {};
    AddResampled(line, one, rows_, resampled);
    for (std::int64_t k = 0; k < rows_; ++k) out[k] += resampled[k];
  }

  /// The rows are slices: nothing to resample.
  void AddShifted(const TilePanel& panel, const ColumnSteps& steps, float* out) const {
    const ColumnPanel& columns = panel.columns();
    if (rows_ == columns.length) return AddBlended(columns, steps, 0, rows_, out);
    alignas(64) float sums[kBlock] = {};
    AddBlended(columns, steps, 0, columns.length, sums);
    for (std::int64_t k = 0; k < rows_; ++k) out[k] += sums[k];
  }

  const Volume& slab_;
  const float* x_;
  const ProjectionBand& band_;
  const ColumnGeometry& geometry_;
  MainAxis main_;
  absl::Span<const std::int64_t> views_;
  std::int64_t row_, rows_;
  float* y_;
  std::vector<TileShadow> shadows_;
  std::optional<std::int64_t> shift_;  // row row_ + k is slice shift_ + k
};

}  // namespace

void ProjectJosephColumns(const Volume& slab, const float* x, const ProjectionBand& band,
                          float* y) {
  const ColumnGeometry geometry(slab, band);
  const auto views = static_cast<std::int64_t>(band.views.size());
  const std::int64_t blocks = DivideUp(band.rows.size(), kBlock);
  if (blocks == 0 || views == 0) return;
  const std::vector<AxisRun> runs = RunsByAxis(geometry, views, blocks);
  const auto count = static_cast<std::int64_t>(runs.size());
  ParallelFor(0, blocks * count, [&](std::int64_t task) {
    const AxisRun& run = runs[task % count];
    ForwardTask(slab, x, band, geometry, run.main, run.views, task / count, y).Run();
  });
  geometry.ScaleByLength(y);
}

}  // namespace tomoslab
