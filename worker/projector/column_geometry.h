// Axis-aligned views as the column projectors see them: every ray of a detector column crosses the
// same voxel columns. Positions are in voxels of the slab (0 = centre of the first).
#pragma once

#include <vector>

#include "worker/projector/joseph.h"
#include "worker/projector/parallel_columns.h"
#include "worker/projector/resample.h"

namespace tomoslab {

enum class MainAxis { kX, kY };

/// What all columns of a view share: z of row r (of the band) at t of the way from the source to
/// the detector is base + t · (slope + r · step) in cone beam, base + r · step in parallel beam.
struct ViewRows {
  bool cone;
  double base, slope, step;

  double Start(double t) const { return cone ? base + t * slope : base; }
  double Step(double t) const { return cone ? t * step : step; }
};

/// The rays of one detector column meet plane j across their main axis at lateral(j) on the other
/// axis, t(j) of the way from the source to the detector.
struct RayColumn {
  MainAxis main;
  Positions t, lateral;
  double inverse_slope;  // 1 / lateral.step; 0 where that is tiny
};

/// A box of voxel columns: planes across the main axis, and where rays must pass on the other one
/// to belong to it, lateral in [begin, end).
struct Tile {
  MainAxis main;
  IndexRange planes, lateral;
};

/// The detector columns [begin, end) whose rays can belong to a tile, and the range of t there.
struct TileShadow {
  IndexRange columns;
  double nearest, farthest;
};

class ColumnGeometry {
 public:
  ColumnGeometry(const Volume& slab, const ProjectionBand& band);

  const ViewRows& Rows(std::int64_t view) const { return rows_[view]; }
  const RayColumn& Column(std::int64_t view, std::int64_t column) const {
    return columns_[view * band_.columns + column];
  }
  /// Whether any column of the view has this main axis.
  bool Uses(std::int64_t view, MainAxis main) const {
    return uses_[view * 2 + (main == MainAxis::kY)];
  }
  TileShadow Shadow(std::int64_t view, const Tile& tile) const;
  /// A view in parallel beam, seen from the voxels: a voxel column's part of the rays beside it.
  ParallelView AsParallel(std::int64_t view) const;
  /// y, all of the band, *= the rays' lengths per voxel plane, mm.
  void ScaleByLength(float* y) const;

 private:
  void ScaleByLength(std::int64_t view, std::int64_t column, float* y) const;
  ViewRows RowsOf(const View& view) const;
  RayColumn ColumnOf(const View& view, std::int64_t column) const;

  Volume slab_;
  ProjectionBand band_;
  std::vector<ViewRows> rows_;
  std::vector<RayColumn> columns_;
  std::vector<char> uses_;
};

/// The planes of [range) with low ≤ rays.lateral(plane) < high: neighbouring intervals share no
/// plane and leave none out.
IndexRange PlanesBetween(const RayColumn& rays, double low, double high, IndexRange range);

}  // namespace tomoslab
