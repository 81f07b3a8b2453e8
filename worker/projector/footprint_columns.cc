#include "worker/projector/footprint_columns.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "worker/core/parallel.h"
#include "worker/projector/column_tiles.h"
#include "worker/projector/footprint_geometry.h"
#include "worker/projector/footprint_slice.h"
#include "worker/projector/tile_panel.h"

namespace tomoslab {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

thread_local AlignedFloats panel_storage, line_storage;

/// The voxel columns of one tile, [lateral][plane][z], and of those beside it that beams beginning
/// in the tile touch.
class BeamPanel : public TileColumns {
 public:
  BeamPanel(const Tile& tile, int most_columns, IndexRange slices)
      : TileColumns(
            {tile.main, tile.planes, {tile.lateral.begin, tile.lateral.end + most_columns - 1}},
            {slices.begin, slices.begin + WholeVectors(slices.size())}, panel_storage),
        lateral_(tile.lateral) {}

  /// The steps in which a beam crosses the tile; box 0 is that of detector row `row`.
  bool Fill(const PixelBeam& beam, const ViewRows& rows, double row, FootprintSteps& steps) const {
    const IndexRange planes =
        PlanesInFront(beam, rows.cone ? Beam::kCone : Beam::kParallel,
                      PlanesBetween(beam.rays, static_cast<double>(lateral_.begin),
                                    static_cast<double>(lateral_.end), tile().planes));
    if (planes.empty()) return false;
    BeamSteps line = StepsOf(beam, rows, planes, row);
    line.low -= static_cast<double>(tile().lateral.begin);
    line.high -= static_cast<double>(tile().lateral.begin);
    line.start -= static_cast<double>(slices().begin);
    line.plane -= tile().planes.begin;
    line.last_columns = tile().lateral.size() - line.columns;
    FillBeamSteps(line, columns(), steps);
    return true;
  }

 private:
  IndexRange lateral_;  // where beams begin that belong to the tile
};

/// Detector columns whose beams may begin in the tile, with the range of t there.
TileShadow ShadowOf(const BeamGeometry& geometry, std::int64_t view, const Tile& tile) {
  const Tile wide{
      tile.main, tile.planes, {tile.lateral.begin - 1, tile.lateral.end + geometry.most_columns()}};
  TileShadow shadow = geometry.rays().Shadow(view, wide);
  shadow.nearest = std::max(shadow.nearest, 0.0);
  return shadow;
}

/// A single step through one column, for beams in which all steps have the same boxes.
FootprintSteps OneStep(const FootprintSteps& steps) {
  FootprintSteps one;
  one.count = one.columns = 1;
  one.offset[0] = 0;
  one.weight[0][0] = 1;
  one.start[0] = steps.start[0];
  one.step[0] = steps.step[0];
  return one;
}

/// One run of the forward projection: a block of rows of the columns that have one main axis, in a
/// few views.
class ForwardTask {
 public:
  ForwardTask(const Volume& slab, const float* x, const ProjectionBand& band,
              const BeamGeometry& geometry, MainAxis main, absl::Span<const std::int64_t> views,
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
        if (geometry_.Beam(view, column).rays.main == main_) {
          std::fill_n(Out(view, column), rows_, 0.0f);
        }
      }
    }
    const Lattice lattice(slab_, main_);
    // A step belongs to the tile where its beam begins, which may lie outside the volume.
    const IndexRange lateral{1 - geometry_.most_columns(), lattice.columns};
    for (const Tile& tile :
         TilesOf(main_, {0, lattice.planes}, lateral, TileSide(kBlock + kBlock / 4))) {
      RunTile(tile, lattice);
    }
  }

 private:
  float* Out(std::int64_t view, std::int64_t column) const {
    return y_ + band_.Offset(view, column) + row_;
  }

  /// The slices that the block's rows meet in the tile.
  IndexRange FindSlices(const Tile& tile) {
    double low = kInfinity, high = -kInfinity;
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const TileShadow shadow = shadows_[i] = ShadowOf(geometry_, views_[i], tile);
      if (shadow.columns.empty()) continue;
      const ViewRows& rows = geometry_.rays().Rows(views_[i]);
      for (const double t : {shadow.nearest, shadow.farthest}) {
        const double first = rows.Start(t) + (static_cast<double>(row_) - 0.5) * rows.Step(t);
        const double last = first + static_cast<double>(rows_) * rows.Step(t);
        low = std::min({low, first, last});
        high = std::max({high, first, last});
      }
    }
    const double slices = slab_.slices;
    if (!(high > -0.5 && low < slices - 0.5)) return {0, 0};
    return {static_cast<std::int64_t>(std::max(std::floor(low + 0.5), 0.0)),
            static_cast<std::int64_t>(std::min(std::ceil(high + 0.5), slices))};
  }

  void RunTile(const Tile& tile, const Lattice& lattice) {
    const IndexRange slices = FindSlices(tile);
    if (slices.empty()) return;
    const BeamPanel panel(tile, geometry_.most_columns(), slices);
    panel.Pack(x_, lattice, slab_.slices);
    float* scratch = line_storage.Resize(2 * (panel.columns().length + 2 * kFootprintPad));
    FootprintSteps steps;
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const std::int64_t view = views_[i];
      const ViewRows& rows = geometry_.rays().Rows(view);
      const IndexRange columns = shadows_[i].columns;
      for (std::int64_t column = columns.begin; column < columns.end; ++column) {
        const PixelBeam& beam = geometry_.Beam(view, column);
        if (beam.rays.main != tile.main) continue;
        if (!panel.Fill(beam, rows, static_cast<double>(row_), steps)) continue;
        Add(panel.columns(), steps, rows.cone, scratch, Out(view, column));
      }
    }
  }

  void Add(const ColumnPanel& columns, const FootprintSteps& steps, bool cone, float* scratch,
           float* out) const {
    alignas(64) float sums[kBlock] = {};
    if (cone) {
      AddFootprint(columns, steps, rows_, scratch, sums);
    } else {  // the same boxes at every step: sum first, average once
      float* line = scratch + columns.length + 2 * kFootprintPad;
      std::fill_n(line, columns.length, 0.0f);
      AddColumns(columns, steps, line);
      AddFootprint({line, 0, columns.length}, OneStep(steps), rows_, scratch, sums);
    }
    for (std::int64_t k = 0; k < rows_; ++k) out[k] += sums[k];
  }

  const Volume& slab_;
  const float* x_;
  const ProjectionBand& band_;
  const BeamGeometry& geometry_;
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
  BackwardTask(const ProjectionBand& band, const float* y, const BeamGeometry& geometry,
               const Volume& slab, const Tile& voxels, std::int64_t block, float* x)
      : band_(band),
        y_(y),
        geometry_(geometry),
        lattice_(slab, voxels.main),
        voxels_(voxels),
        // Beams that begin before the tile reach into it too; what they give to other voxels is
        // dropped.
        tile_{voxels.main,
              voxels.planes,
              {voxels.lateral.begin - geometry.most_columns() + 1, voxels.lateral.end}},
        first_(block * kBlock),
        slices_(std::min(kBlock, slab.slices - first_)),
        x_(x) {}

  void Run() {
    const BeamPanel panel(tile_, geometry_.most_columns(), {first_, first_ + slices_});
    panel.Clear();
    bool written = false;
    for (std::int64_t view = 0; view < static_cast<std::int64_t>(band_.views.size()); ++view) {
      if (geometry_.rays().Uses(view, tile_.main)) written |= RunView(view, panel);
    }
    if (written) panel.Unpack(voxels_, lattice_, slices_, x_);
  }

 private:
  bool RunView(std::int64_t view, const BeamPanel& panel) {
    const TileShadow shadow = ShadowOf(geometry_, view, tile_);
    const ViewRows& rows = geometry_.rays().Rows(view);
    const IndexRange window = FindRows(rows, shadow);
    if (window.empty()) return false;
    bool written = false;
    FootprintSteps steps;
    float* line = line_storage.Resize(window.size() + 2 * kFootprintPad) + kFootprintPad;
    std::fill(line - kFootprintPad, line + window.size() + kFootprintPad, 0.0f);
    for (std::int64_t column = shadow.columns.begin; column < shadow.columns.end; ++column) {
      const PixelBeam& beam = geometry_.Beam(view, column);
      if (beam.rays.main != tile_.main) continue;
      if (!panel.Fill(beam, rows, static_cast<double>(window.begin), steps)) continue;
      std::copy_n(y_ + band_.Offset(view, column) + window.begin, window.size(), line);
      written = true;
      if (rows.cone) {
        SpreadFootprint(line, window.size(), steps, panel.columns());
      } else {
        alignas(64) float means[kBlock] = {};
        SpreadFootprint(line, window.size(), OneStep(steps), {means, 0, panel.columns().length});
        SpreadColumns(means, steps, panel.columns());
      }
    }
    return written;
  }

  /// The band's rows that touch the block's slices in the tile.
  IndexRange FindRows(const ViewRows& rows, const TileShadow& shadow) const {
    const auto count = static_cast<double>(band_.rows.size());
    double low = kInfinity, high = -kInfinity;
    for (const double t : {shadow.nearest, shadow.farthest}) {
      if (rows.cone && !(t > 1e-6)) return {0, band_.rows.size()};  // at the source: all
      const double first = (static_cast<double>(first_) - 0.5 - rows.Start(t)) / rows.Step(t) + 0.5;
      const double last = first + static_cast<double>(slices_) / rows.Step(t);
      low = std::min({low, first, last});
      high = std::max({high, first, last});
    }
    if (!(high > 0 && low < count)) return {0, 0};
    return {static_cast<std::int64_t>(std::max(std::floor(low - 1e-6), 0.0)),
            static_cast<std::int64_t>(std::min(std::ceil(high + 1e-6), count))};
  }

  const ProjectionBand& band_;
  const float* y_;
  const BeamGeometry& geometry_;
  Lattice lattice_;
  Tile voxels_, tile_;
  std::int64_t first_, slices_;
  float* x_;
};

}  // namespace

void ProjectFootprintColumns(const Volume& slab, const float* x, const ProjectionBand& band,
                             float* y) {
  const BeamGeometry geometry(slab, band);
  const auto views = static_cast<std::int64_t>(band.views.size());
  const std::int64_t blocks = DivideUp(band.rows.size(), kBlock);
  if (blocks == 0 || views == 0) return;
  if (FootprintTakesSlice(slab, geometry)) {
    ProjectFootprintSlice(slab, x, band, geometry, y);
    return geometry.rays().ScaleByLength(y);
  }
  const std::vector<AxisRun> runs = RunsByAxis(geometry.rays(), views, blocks);
  const auto count = static_cast<std::int64_t>(runs.size());
  ParallelFor(0, blocks * count, [&](std::int64_t task) {
    const AxisRun& run = runs[task % count];
    ForwardTask(slab, x, band, geometry, run.main, run.views, task / count, y).Run();
  });
  geometry.rays().ScaleByLength(y);
}

void BackprojectFootprintColumns(const ProjectionBand& band, float* y, const Volume& slab,
                                 float* x) {
  if (band.rows.empty()) return;
  const BeamGeometry geometry(slab, band);
  geometry.rays().ScaleByLength(y);
  if (FootprintTakesSlice(slab, geometry)) {
    return BackprojectFootprintSlice(band, y, geometry, slab, x);
  }
  ForVoxelTiles(slab, [&](const Tile& tile, std::int64_t block) {
    BackwardTask(band, y, geometry, slab, tile, block, x).Run();
  });
}

}  // namespace tomoslab
