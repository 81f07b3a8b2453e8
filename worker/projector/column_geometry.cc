#include "worker/projector/column_geometry.h"

#include <cmath>
#include <utility>

#include "worker/core/parallel.h"
#include "worker/plan/footprint_path.h"
#include "worker/projector/column_kernels.h"
#include "worker/projector/main_axis.h"

namespace tomoslab {

static_assert(sizeof(RayColumn) == kRayColumnBytes, "memory plans count it");

ColumnGeometry::ColumnGeometry(const Volume& slab, const ProjectionBand& band)
    : slab_(slab),
      band_(band),
      columns_(static_cast<std::int64_t>(band.views.size()) * band.columns),
      uses_(band.views.size() * 2, 0) {
  for (const View& view : band.views) rows_.push_back(RowsOf(view));
  ParallelFor(0, static_cast<std::int64_t>(band.views.size()), [&](std::int64_t view) {
    for (std::int64_t column = 0; column < band_.columns; ++column) {
      const RayColumn rays = ColumnOf(band_.views[view], column);
      columns_[view * band_.columns + column] = rays;
      uses_[view * 2 + (rays.main == MainAxis::kY)] = 1;
    }
  });
}

ViewRows ColumnGeometry::RowsOf(const View& view) const {
  const Vec3 origin = slab_.VoxelCenter(0, 0, 0);
  const double height = slab_.voxel_height_mm;
  const bool cone = view.beam == Beam::kCone;
  const double source = (view.source.z - origin.z) / height;
  const double first = (view.Pixel(static_cast<double>(band_.rows.begin), 0).z - origin.z) / height;
  return {.cone = cone,
          .base = cone ? source : first,
          .slope = cone ? first - source : 0,
          .step = view.row_step.z / height};
}

RayColumn ColumnGeometry::ColumnOf(const View& view, std::int64_t column) const {
  const Vec3 origin = slab_.VoxelCenter(0, 0, 0);
  const double width = slab_.voxel_width_mm;
  const Vec3 pixel = view.Pixel(0, static_cast<double>(column));
  const Vec3 direction = view.Direction(0, static_cast<double>(column));
  const Vec3 start = view.beam == Beam::kCone ? view.source : pixel;
  const double px = (start.x - origin.x) / width, py = (start.y - origin.y) / width;
  const double dx = direction.x / width, dy = direction.y / width;
  const bool along_x = MainAxisOf({dx, dy, 0}) == 0;
  const double main = along_x ? px : py, across = along_x ? py : px;
  const double t_step = 1 / (along_x ? dx : dy), slope = (along_x ? dy : dx) * t_step;
  return {.main = along_x ? MainAxis::kX : MainAxis::kY,
          .t = {-main * t_step, t_step},
          .lateral = {across - main * slope, slope},
          .inverse_slope = std::abs(slope) < 1e-6 ? 0 : 1 / slope};
}

TileShadow ColumnGeometry::Shadow(std::int64_t view, const Tile& tile) const {
  const bool along_x = tile.main == MainAxis::kX;
  double left = band_.columns, right = -1, nearest = 0, farthest = 0;
  for (int corner = 0; corner < 4; ++corner) {
    const auto plane =
        static_cast<double>(corner % 2 == 0 ? tile.planes.begin : tile.planes.end - 1);
    const auto lateral =
        static_cast<double>(corner / 2 == 0 ? tile.lateral.begin : tile.lateral.end);
    const DetectorPoint at =
        ProjectPoint(band_.views[view],
                     slab_.VoxelCenter(along_x ? plane : lateral, along_x ? lateral : plane, 0));
    // A corner beside or behind the source: any column may pass the tile, up to the source.
    const bool seen = at.depth > 0 && std::isfinite(at.column);
    left = std::min(left, seen ? at.column : 0.0);
    right = std::max(right, seen ? at.column : static_cast<double>(band_.columns));
    const double depth = std::isfinite(at.depth) ? at.depth : 0;
    nearest = corner == 0 ? depth : std::min(nearest, depth);
    farthest = corner == 0 ? depth : std::max(farthest, depth);
  }
  const double columns = band_.columns;
  return {{static_cast<std::int64_t>(std::clamp(std::floor(left) - 1, 0.0, columns)),
           static_cast<std::int64_t>(std::clamp(std::ceil(right) + 2, 0.0, columns))},
          nearest,
          farthest};
}

ParallelView ColumnGeometry::AsParallel(std::int64_t view_index) const {
  const View& view = band_.views[view_index];
  // Columns 0 and 1, even where the detector has but one, at plane 0 and one plane further.
  const RayColumn first = ColumnOf(view, 0), second = ColumnOf(view, 1);
  const double spacing = second.lateral.start - first.lateral.start;
  const double along_lateral = 1 / spacing, along_main = -first.lateral.step / spacing;
  const bool along_x = first.main == MainAxis::kX;
  const Vec3 ray = view.Direction(0, 0);
  const double main = std::max(std::abs(ray.x), std::abs(ray.y));
  return {.view = view_index,
          .column = -first.lateral.start / spacing,
          .column_x = along_x ? along_main : along_lateral,
          .column_y = along_x ? along_lateral : along_main,
          .spacing = std::abs(spacing),
          .weight = slab_.voxel_width_mm * std::hypot(ray.x, ray.y) / main,
          .rows = {rows_[view_index].base, rows_[view_index].step}};
}

void ColumnGeometry::ScaleByLength(float* y) const {
  ParallelFor(0, static_cast<std::int64_t>(band_.views.size()), [&](std::int64_t view) {
    for (std::int64_t column = 0; column < band_.columns; ++column) {
      ScaleByLength(view, column, y + band_.Offset(view, column));
    }
  });
}

void ColumnGeometry::ScaleByLength(std::int64_t view_index, std::int64_t column, float* y) const {
  const View& view = band_.views[view_index];
  const Vec3 level = view.Direction(0, static_cast<double>(column));
  const double main = std::max(std::abs(level.x), std::abs(level.y));
  const double planar = level.x * level.x + level.y * level.y;
  const bool cone = view.beam == Beam::kCone;
  const double step = cone ? view.row_step.z : 0;
  const double first = cone ? level.z + static_cast<double>(band_.rows.begin) * step : 0;
  ScaleByHypotenuse(planar, first, step, slab_.voxel_width_mm / main, band_.rows.size(), y);
}

IndexRange PlanesBetween(const RayColumn& rays, double low, double high, IndexRange range) {
  const Positions position = rays.lateral;
  const auto inside = [&](std::int64_t i) { return position(i) >= low && position(i) < high; };
  if (range.empty()) return {range.begin, range.begin};
  IndexRange result = range;
  // Almost across the axis: all or nothing but for rounding, the loops below decide.
  if (rays.inverse_slope != 0) {
    double first = (low - position.start) * rays.inverse_slope,
           last = (high - position.start) * rays.inverse_slope;
    if (first > last) std::swap(first, last);
    const double begin = static_cast<double>(range.begin), end = static_cast<double>(range.end);
    result = {static_cast<std::int64_t>(std::min(std::max(first - 1e-6, begin), end)),
              static_cast<std::int64_t>(std::min(std::max(last + 2, begin), end))};
  }
  while (!result.empty() && !inside(result.begin)) ++result.begin;
  while (!result.empty() && !inside(result.end - 1)) --result.end;
  return result;
}

}  // namespace tomoslab
