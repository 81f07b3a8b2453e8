#include "worker/projector/joseph_slice.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/projector/main_axis.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kPlanesPerTask = 16;  // of a backprojection: their voxels stay in the cache

/// One ray, in voxels of the slice (0 = centre of the first): linear in the index j of the voxel
/// plane across its main axis.
struct SliceRay {
  bool along_x;  // the main axis
  double lateral,
      lateral_step;  // position across the main axis at plane 0, and from plane to plane
  double z, z_step;  // distance from the slice, likewise
  float length_mm;   // of the ray per plane

  /// Weight of the slice at plane j: linear interpolation between slices, with zeros around.
  float SliceWeight(std::int64_t j) const {
    return static_cast<float>(std::max(0.0, 1 - std::abs(z + static_cast<double>(j) * z_step)));
  }
};

SliceRay RayOf(const Volume& slice, const View& view, std::int64_t row, std::int64_t column) {
  const bool cone = view.beam == Beam::kCone;
  const Vec3 pixel = view.Pixel(static_cast<double>(row), static_cast<double>(column));
  const Vec3 direction = view.Direction(static_cast<double>(row), static_cast<double>(column));
  const Vec3 from_first = (cone ? view.source : pixel) - slice.VoxelCenter(0, 0, 0);
  const double width = slice.voxel_width_mm, height = slice.voxel_height_mm;
  const bool along_x = MainAxisOf({direction.x, direction.y, 0}) == 0;
  const double main_origin = (along_x ? from_first.x : from_first.y) / width;
  const double main_step = (along_x ? direction.x : direction.y) / width;
  const double across_origin = (along_x ? from_first.y : from_first.x) / width;
  const double lateral_step = (along_x ? direction.y : direction.x) / width / main_step;
  // An axis-aligned parallel beam has no direction along z: its direction.z is 0 but for rounding.
  const double z_step = cone ? direction.z / height / main_step : 0;
  return {.along_x = along_x,
          .lateral = across_origin - main_origin * lateral_step,
          .lateral_step = lateral_step,
          .z = from_first.z / height - main_origin * z_step,
          .z_step = z_step,
          .length_mm = static_cast<float>(Norm(direction) / std::abs(main_step))};
}

/// The voxels of a slice as rows and steps that do not depend on the ray's main axis.
struct Lattice {
  std::int64_t planes, lateral_count, plane_stride, lateral_stride;

  Lattice(const Volume& slice, bool along_x)
      : planes(along_x ? slice.columns : slice.rows),
        lateral_count(along_x ? slice.rows : slice.columns),
        plane_stride(along_x ? 1 : slice.columns),
        lateral_stride(along_x ? slice.columns : 1) {}
};

/// Calls visit(offset of the lower voxel, its weight, the other's weight) for the planes [range) of
/// the ray; weights of voxels outside the slice are 0 and their offsets are clamped.
template <class Visit>
void ForSteps(const SliceRay& ray, const Lattice& lattice, IndexRange range, Visit&& visit) {
  for (std::int64_t j = range.begin; j < range.end; ++j) {
    const double lateral = ray.lateral + static_cast<double>(j) * ray.lateral_step;
    if (!(lateral > -1 && lateral < static_cast<double>(lattice.lateral_count))) continue;
    const float slice_weight = ray.SliceWeight(j);
    const auto lower = static_cast<std::int64_t>(std::floor(lateral));  // −1 .. count − 1
    const float fraction = static_cast<float>(lateral - static_cast<double>(lower));
    const std::int64_t offset = j * lattice.plane_stride + lower * lattice.lateral_stride;
    const bool has_lower = lower >= 0, has_upper = lower + 1 < lattice.lateral_count;
    visit(has_lower ? offset : offset + lattice.lateral_stride,
          has_upper ? offset + lattice.lateral_stride : offset,
          has_lower ? slice_weight * (1 - fraction) : 0.0f,
          has_upper ? slice_weight * fraction : 0.0f);
  }
}

struct WeightedRay {
  SliceRay ray;
  float value;
};

}  // namespace

void ProjectJosephSlice(const Volume& slice, const float* x, const ProjectionBand& band, float* y) {
  const auto lines = static_cast<std::int64_t>(band.views.size()) * band.columns;
  ParallelFor(0, lines, [&](std::int64_t line) {
    const View& view = band.views[line / band.columns];
    for (std::int64_t row = band.rows.begin; row < band.rows.end; ++row) {
      const SliceRay ray = RayOf(slice, view, row, line % band.columns);
      const Lattice lattice(slice, ray.along_x);
      float sum = 0;
      ForSteps(ray, lattice, {0, lattice.planes},
               [&](std::int64_t a, std::int64_t b, float weight_a, float weight_b) {
                 sum += weight_a * x[a] + weight_b * x[b];
               });
      y[line * band.rows.size() + row - band.rows.begin] = sum * ray.length_mm;
    }
  });
}

void BackprojectJosephSlice(const ProjectionBand& band, float* y, const Volume& slice, float* x) {
  for (const bool along_x : {true, false}) {
    std::vector<WeightedRay> rays;
    for (std::size_t view = 0; view < band.views.size(); ++view) {
      for (std::int64_t column = 0; column < band.columns; ++column) {
        for (std::int64_t row = band.rows.begin; row < band.rows.end; ++row) {
          const SliceRay ray = RayOf(slice, band.views[view], row, column);
          const std::int64_t offset = band.Offset(static_cast<std::int64_t>(view), column);
          if (ray.along_x == along_x) {
            rays.push_back({ray, ray.length_mm * y[offset + row - band.rows.begin]});
          }
        }
      }
    }
    // A ray writes each plane across its main axis once, and into that plane only: planes go to
    // threads.
    const Lattice lattice(slice, along_x);
    ParallelFor(0, (lattice.planes + kPlanesPerTask - 1) / kPlanesPerTask, [&](std::int64_t task) {
      const IndexRange planes{task * kPlanesPerTask,
                              std::min(lattice.planes, (task + 1) * kPlanesPerTask)};
      for (const auto& [ray, value] : rays) {
        ForSteps(
            ray, lattice, planes,
            [&, value = value](std::int64_t a, std::int64_t b, float weight_a, float weight_b) {
              x[a] += weight_a * value;
              x[b] += weight_b * value;
            });
      }
    });
  }
}

}  // namespace tomoslab
