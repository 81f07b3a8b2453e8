#include "worker/projector/joseph_columns.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "worker/core/parallel.h"
#include "worker/projector/column_geometry.h"
#include "worker/projector/column_kernels.h"
#include "worker/projector/column_tiles.h"

namespace tomoslab {
namespace {

std::int64_t DivideUp(std::int64_t count, std::int64_t by) { return (count + by - 1) / by; }

/// The voxel columns of one tile, [lateral][plane][z], with a column of zeros (or of scratch) at
/// each lateral end of the volume.
class TilePanel {
 public:
  TilePanel(const Tile& tile, IndexRange slices, AlignedFloats& storage)
      : tile_(tile), slices_(slices) {
    panel_.length = slices.size();
    // A few cache lines more than a power of two: neighbours must not meet in the same cache set.
    panel_.neighbour_stride = tile.planes.size() * panel_.length + 48;
    panel_.samples = storage.Resize((tile.lateral.size() + 1) * panel_.neighbour_stride);
  }

  const ColumnPanel& columns() const { return panel_; }
  float* Column(std::int64_t lateral, std::int64_t plane) const {
    return panel_.samples + (lateral - tile_.lateral.begin) * panel_.neighbour_stride +
           (plane - tile_.planes.begin) * panel_.length;
  }

  /// The steps in which rays of this column cross the tile. Outputs start at detector row `row`.
  bool Fill(const RayColumn& rays, const ViewRows& rows, double row, ColumnSteps& steps) const {
    const IndexRange planes = PlanesBetween(rays, static_cast<double>(tile_.lateral.begin),
                                            static_cast<double>(tile_.lateral.end), tile_.planes);
    if (planes.empty()) return false;
    const double t = rays.t(planes.begin), rise = rows.slope + row * rows.step;
    StraightSteps line{
        .count = static_cast<int>(planes.size()),
        .lateral = rays.lateral(planes.begin) - static_cast<double>(tile_.lateral.begin),
        .lateral_step = rays.lateral.step,
        .start = rows.base - static_cast<double>(slices_.begin),
        .start_step = 0,
        .step = rows.step,
        .step_step = 0,
        .plane = planes.begin - tile_.planes.begin,
        .columns = tile_.lateral.size()};
    if (rows.cone) {
      line.start += t * rise;
      line.start_step = rays.t.step * rise;
      line.step = t * rows.step;
      line.step_step = rays.t.step * rows.step;
    } else {
      line.start += row * rows.step;
    }
    FillSteps(line, panel_, steps);
    return true;
  }

 private:
  Tile tile_;
  IndexRange slices_;
  ColumnPanel panel_;
};

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
        shadows_(views.size()) {}

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
    const auto margin = static_cast<double>(kMargin), slices = static_cast<double>(slab_.slices);
    const auto begin = static_cast<std::int64_t>(std::max(std::floor(low), -margin));
    const auto end = static_cast<std::int64_t>(std::min(std::ceil(high), slices + margin));
    return {begin, begin + DivideUp(end - begin, 16) * 16};
  }

  void Pack(const TilePanel& panel, const Tile& tile, const Lattice& lattice, IndexRange slices) {
    // Along the volume's rows: neighbours in memory one after the other.
    const bool planes_inside = tile.main == MainAxis::kX;
    const IndexRange columns{tile.lateral.begin, tile.lateral.end + 1};
    const IndexRange outer = planes_inside ? columns : tile.planes,
                     inner = planes_inside ? tile.planes : columns;
    for (std::int64_t i = outer.begin; i < outer.end; ++i) {
      for (std::int64_t k = inner.begin; k < inner.end; ++k) {
        const std::int64_t c = planes_inside ? i : k, j = planes_inside ? k : i;
        const bool exists = c >= 0 && c < lattice.columns;
        CopyPadded(exists ? x_ + lattice.Offset(j, c) : nullptr, slab_.slices, slices,
                   panel.Column(c, j));
      }
    }
  }

  void RunTile(const Tile& tile, const Lattice& lattice) {
    const IndexRange slices = FindSlices(tile);
    if (slices.empty()) return;
    const TilePanel panel(tile, slices, panel_storage);
    Pack(panel, tile, lattice, slices);
    ColumnSteps steps;
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const std::int64_t view = views_[i];
      const IndexRange columns = shadows_[i].columns;
      const ViewRows& rows = geometry_.Rows(view);
      for (std::int64_t column = columns.begin; column < columns.end; ++column) {
        const RayColumn& rays = geometry_.Column(view, column);
        if (rays.main != tile.main) continue;
        if (!panel.Fill(rays, rows, static_cast<double>(row_), steps)) continue;
        if (rows.cone) {
          AddCone(panel, steps, Out(view, column));
        } else {
          AddParallel(panel, steps, Out(view, column));
        }
      }
    }
  }

  void AddCone(const TilePanel& panel, const ColumnSteps& steps, float* out) const {
    alignas(64) float sums[kBlock] = {};
    AddResampled(panel.columns(), steps, rows_, sums);
    for (std::int64_t k = 0; k < rows_; ++k) out[k] += sums[k];
  }

  /// Parallel rays meet the slices in the same places at every step: sum first, resample once.
  void AddParallel(const TilePanel& panel, const ColumnSteps& steps, float* out) const {
    const ColumnPanel& columns = panel.columns();
    float* sums = line_storage.Resize(columns.length);
    std::fill_n(sums, columns.length, 0.0f);
    AddBlended(columns, steps, 0, columns.length, sums);
    ColumnSteps one;
    one.count = 1;
    one.offset[0] = 0;
    one.low[0] = 1;
    one.high[0] = 0;
    one.start[0] = steps.start[0];
    one.step[0] = steps.step[0];
    alignas(64) float resampled[kBlock] = {};
    AddResampled({sums, 0, columns.length}, one, rows_, resampled);
    for (std::int64_t k = 0; k < rows_; ++k) out[k] += resampled[k];
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
};

/// One run of the backprojection: all views into a tile of a block of slices, which nobody else
/// writes.
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
    const IndexRange slices{first_, first_ + DivideUp(slices_, 16) * 16};
    const TilePanel panel(tile_, slices, panel_storage);
    std::fill_n(panel.columns().samples,
                (tile_.lateral.size() + 1) * panel.columns().neighbour_stride, 0.0f);
    bool written = false;
    for (std::int64_t view = 0; view < static_cast<std::int64_t>(band_.views.size()); ++view) {
      if (geometry_.Uses(view, tile_.main)) written |= RunView(view, panel);
    }
    if (written) Unpack(panel);
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
      if (rows.cone) {
        SpreadResampled(line, window.size(), steps, panel.columns());
      } else {
        SpreadParallel(line, window.size(), steps, panel.columns());
      }
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

  static void SpreadParallel(const float* line, std::int64_t rows, const ColumnSteps& steps,
                             const ColumnPanel& panel) {
    ColumnSteps one;
    one.count = 1;
    one.offset[0] = 0;
    one.low[0] = 1;
    one.high[0] = 0;
    one.start[0] = steps.start[0];
    one.step[0] = steps.step[0];
    alignas(64) float resampled[2 * kBlock] = {};
    SpreadResampled(line, rows, one, {resampled, kBlock, panel.length});
    SpreadBlended(resampled, steps, panel);
  }

  void Unpack(const TilePanel& panel) {
    for (std::int64_t c = voxels_.lateral.begin; c < voxels_.lateral.end; ++c) {
      for (std::int64_t j = voxels_.planes.begin; j < voxels_.planes.end; ++j) {
        const float* column = panel.Column(c, j);
        float* to = x_ + lattice_.Offset(j, c) + first_;
        for (std::int64_t z = 0; z < slices_; ++z) to[z] += column[z];
      }
    }
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

void ProjectJosephColumns(const Volume& slab, const float* x, const ProjectionBand& band,
                          float* y) {
  const ColumnGeometry geometry(slab, band);
  const auto views = static_cast<std::int64_t>(band.views.size());
  const std::int64_t blocks = DivideUp(band.rows.size(), kBlock);
  if (blocks == 0 || views == 0) return;
  struct Run {
    MainAxis main;
    absl::Span<const std::int64_t> views;
  };
  std::vector<std::int64_t> using_axis[2];
  std::vector<Run> runs;
  for (const MainAxis main : {MainAxis::kX, MainAxis::kY}) {
    std::vector<std::int64_t>& list = using_axis[main == MainAxis::kY];
    for (std::int64_t view = 0; view < views; ++view) {
      if (geometry.Uses(view, main)) list.push_back(view);
    }
    const auto count = static_cast<std::int64_t>(list.size());
    const std::int64_t most = ViewsPerTask(count, 2 * blocks);
    for (std::int64_t first = 0; first < count; first += most) {
      runs.push_back({main, absl::MakeConstSpan(list).subspan(first, most)});
    }
  }
  const auto count = static_cast<std::int64_t>(runs.size());
  ParallelFor(0, blocks * count, [&](std::int64_t task) {
    const Run& run = runs[task % count];
    ForwardTask(slab, x, band, geometry, run.main, run.views, task / count, y).Run();
  });
  ParallelFor(0, views, [&](std::int64_t view) {
    for (std::int64_t column = 0; column < band.columns; ++column) {
      geometry.ScaleByLength(view, column, y + band.Offset(view, column));
    }
  });
}

void BackprojectJosephColumns(const ProjectionBand& band, float* y, const Volume& slab, float* x) {
  if (band.rows.empty()) return;
  const ColumnGeometry geometry(slab, band);
  ParallelFor(0, static_cast<std::int64_t>(band.views.size()), [&](std::int64_t view) {
    for (std::int64_t column = 0; column < band.columns; ++column) {
      geometry.ScaleByLength(view, column, y + band.Offset(view, column));
    }
  });
  const std::int64_t blocks = DivideUp(slab.slices, kBlock);
  for (const MainAxis main : {MainAxis::kX, MainAxis::kY}) {
    const Lattice lattice(slab, main);
    const std::vector<Tile> tiles =
        TilesOf(main, {0, lattice.planes}, {0, lattice.columns}, TileSide(kBlock));
    ParallelFor(0, static_cast<std::int64_t>(tiles.size()) * blocks, [&](std::int64_t task) {
      BackwardTask(band, y, geometry, slab, tiles[task / blocks], task % blocks, x).Run();
    });
  }
}

}  // namespace tomoslab
