// Joseph's method written down as its definition reads: one ray, one plane, four voxels at a time,
// in double precision. What the fast projectors are compared with.
#pragma once

#include <array>
#include <cmath>
#include <vector>

#include "worker/projector/joseph.h"
#include "worker/projector/main_axis.h"

namespace tomoslab::testing {

/// Calls visit(index of a voxel of the slab, weight in mm) for each voxel that the ray of a pixel
/// touches.
template <class Visit>
void ForWeights(const Volume& slab, const View& view, std::int64_t row, std::int64_t column,
                Visit&& visit) {
  const std::array<std::int64_t, 3> count = {slab.columns, slab.rows, slab.slices};
  const std::array<double, 3> pitch = {slab.voxel_width_mm, slab.voxel_width_mm,
                                       slab.voxel_height_mm};
  const auto voxels = [&](Vec3 v) {
    return std::array<double, 3>{v.x / pitch[0], v.y / pitch[1], v.z / pitch[2]};
  };
  const double r = static_cast<double>(row), c = static_cast<double>(column);
  const Vec3 direction_mm = view.Direction(r, c);
  const auto origin = voxels((view.beam == Beam::kCone ? view.source : view.Pixel(r, c)) -
                             slab.VoxelCenter(0, 0, 0)),
             direction = voxels(direction_mm);
  const int main = MainAxisOf(direction), a = main == 0 ? 1 : 0, b = main == 2 ? 1 : 2;
  const double length = Norm(direction_mm) / std::abs(direction[main]);
  for (std::int64_t plane = 0; plane < count[main]; ++plane) {
    const double t = (static_cast<double>(plane) - origin[main]) / direction[main];
    const double at_a = origin[a] + t * direction[a], at_b = origin[b] + t * direction[b];
    for (int corner = 0; corner < 4; ++corner) {
      std::array<std::int64_t, 3> voxel;
      voxel[main] = plane;
      voxel[a] = static_cast<std::int64_t>(std::floor(at_a)) + corner % 2;
      voxel[b] = static_cast<std::int64_t>(std::floor(at_b)) + corner / 2;
      if (voxel[a] < 0 || voxel[a] >= count[a] || voxel[b] < 0 || voxel[b] >= count[b]) continue;
      visit((voxel[1] * slab.columns + voxel[0]) * slab.slices + voxel[2],
            length * (1 - std::abs(at_a - static_cast<double>(voxel[a]))) *
                (1 - std::abs(at_b - static_cast<double>(voxel[b]))));
    }
  }
}

/// Calls visit(view, row, column, index in y) for each pixel of a band.
template <class Visit>
void ForPixels(const ProjectionBand& band, Visit&& visit) {
  for (std::size_t view = 0; view < band.views.size(); ++view) {
    for (std::int64_t column = 0; column < band.columns; ++column) {
      for (std::int64_t row = band.rows.begin; row < band.rows.end; ++row) {
        visit(band.views[view], row, column,
              band.Offset(static_cast<std::int64_t>(view), column) + row - band.rows.begin);
      }
    }
  }
}

inline void ProjectPlainly(const Volume& slab, const std::vector<float>& x,
                           const ProjectionBand& band, std::vector<float>& y) {
  ForPixels(band, [&](const View& view, std::int64_t row, std::int64_t column, std::int64_t pixel) {
    double sum = 0;
    ForWeights(slab, view, row, column,
               [&](std::int64_t voxel, double weight) { sum += weight * x[voxel]; });
    y[pixel] = static_cast<float>(sum);
  });
}

inline void BackprojectPlainly(const ProjectionBand& band, const std::vector<float>& y,
                               const Volume& slab, std::vector<float>& x) {
  std::vector<double> sums(x.begin(), x.end());
  ForPixels(band, [&](const View& view, std::int64_t row, std::int64_t column, std::int64_t pixel) {
    ForWeights(slab, view, row, column,
               [&](std::int64_t voxel, double weight) { sums[voxel] += weight * y[pixel]; });
  });
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(sums[i]);
}

}  // namespace tomoslab::testing
