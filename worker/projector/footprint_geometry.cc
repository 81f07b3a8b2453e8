#include "worker/projector/footprint_geometry.h"

#include <algorithm>
#include <cmath>

#include "worker/core/parallel.h"
#include "worker/plan/footprint_path.h"

namespace tomoslab {
namespace {

static_assert(sizeof(RayColumn) + sizeof(PixelBeam) == kBeamBytes, "memory plans count them");

/// Nearer to the source than this part of the way to the detector, beams have no width.
constexpr double kNearest = 1e-6;

/// A ray in the plane: where it begins and where it goes, in voxels from the slab's first.
struct PlaneRay {
  double x, y, dx, dy;
};

PlaneRay RayAt(const Volume& slab, const View& view, double column) {
  const Vec3 origin = slab.VoxelCenter(0, 0, 0);
  const double width = slab.voxel_width_mm;
  const Vec3 pixel = view.Pixel(0, column), direction = view.Direction(0, column);
  const Vec3 start = view.beam == Beam::kCone ? view.source : pixel;
  return {(start.x - origin.x) / width, (start.y - origin.y) / width, direction.x / width,
          direction.y / width};
}

/// Where a ray crosses the planes across a main axis.
Positions Lateral(const PlaneRay& ray, MainAxis main) {
  const bool along_x = main == MainAxis::kX;
  const double slope = along_x ? ray.dy / ray.dx : ray.dx / ray.dy;
  return {along_x ? ray.y - ray.x * slope : ray.x - ray.y * slope, slope};
}

}  // namespace

int PixelBeam::ColumnsAt(std::int64_t plane) const {
  const double slant = 0.5 * (std::abs(low.step) + std::abs(high.step));
  const double width = high(plane) - low(plane);
  // Rounding must not add a voxel: one of which the beam holds less than 1e-6 may go.
  return static_cast<int>(std::ceil(std::max(width, 0.0) + slant + 1 - 1e-6));
}

PixelBeam BeamOf(const Volume& slab, const View& view, std::int64_t column, const RayColumn& rays) {
  const auto center = static_cast<double>(column);
  const MainAxis main = rays.main;
  const Positions t = rays.t;
  Positions low = Lateral(RayAt(slab, view, center - 0.5), main),
            high = Lateral(RayAt(slab, view, center + 0.5), main);
  // On the detector, t = 1, or anywhere in parallel beam.
  const double at = (1 - t.start) / t.step;
  if (low.start + at * low.step > high.start + at * high.step) std::swap(low, high);
  const double inverse = std::abs(low.step) < 1e-6 ? 0 : 1 / low.step;
  return {.rays = {main, t, {low.start - 0.5 * std::abs(low.step) + 0.5, low.step}, inverse},
          .low = low,
          .high = high};
}

IndexRange PlanesInFront(const PixelBeam& beam, Beam kind, IndexRange range) {
  if (kind == Beam::kParallel) return range;
  while (!range.empty() && !(beam.rays.t(range.begin) > kNearest)) ++range.begin;
  while (!range.empty() && !(beam.rays.t(range.end - 1) > kNearest)) --range.end;
  return range;
}

BeamSteps StepsOf(const PixelBeam& beam, const ViewRows& rows, IndexRange planes, double row) {
  const double t = beam.rays.t(planes.begin), rise = rows.slope + (row - 0.5) * rows.step;
  const double t_step = beam.rays.t.step;
  return {.count = static_cast<int>(planes.size()),
          .columns = std::max(beam.ColumnsAt(planes.begin), beam.ColumnsAt(planes.end - 1)),
          .low = beam.low(planes.begin),
          .low_step = beam.low.step,
          .high = beam.high(planes.begin),
          .high_step = beam.high.step,
          .start = rows.base + 0.5 + (rows.cone ? t : 1) * rise,
          .start_step = rows.cone ? t_step * rise : 0,
          .step = rows.cone ? t * rows.step : rows.step,
          .step_step = rows.cone ? t_step * rows.step : 0,
          .plane = planes.begin,
          .last_columns = 0};
}

BeamGeometry::BeamGeometry(const Volume& slab, const ProjectionBand& band)
    : rays_(slab, band),
      columns_(band.columns),
      beams_(static_cast<std::int64_t>(band.views.size()) * band.columns) {
  const auto views = static_cast<std::int64_t>(band.views.size());
  std::vector<int> most(views, 1);
  ParallelFor(0, views, [&](std::int64_t view) {
    for (std::int64_t column = 0; column < columns_; ++column) {
      PixelBeam& beam = beams_[view * columns_ + column];
      beam = BeamOf(slab, band.views[view], column, rays_.Column(view, column));
      const int planes = beam.rays.main == MainAxis::kX ? slab.columns : slab.rows;
      for (const std::int64_t plane : {0, planes - 1}) {
        most[view] = std::max(most[view], beam.ColumnsAt(plane));
      }
    }
  });
  for (const int columns : most) most_columns_ = std::max(most_columns_, columns);
}

}  // namespace tomoslab
