#include "worker/projector/joseph_rays.h"

#include <array>
#include <cmath>

#include "worker/core/parallel.h"
#include "worker/projector/resample.h"

namespace tomoslab {
namespace {

/// One ray in voxels of the slab: at plane j across its main axis it stands at lateral[k](j) on the
/// other two axes.
struct Ray {
  int main;  // 0 = x, 1 = y, 2 = z
  Positions lateral[2];
  double length_mm;  // per plane
};

constexpr std::array<std::array<int, 2>, 3> kLateralAxes = {{{1, 2}, {0, 2}, {0, 1}}};

struct Grid {
  explicit Grid(const Volume& slab)
      : count{slab.columns, slab.rows, slab.slices},
        stride{slab.slices, std::int64_t{slab.slices} * slab.columns, 1},
        origin(slab.VoxelCenter(0, 0, 0)),
        pitch{slab.voxel_width_mm, slab.voxel_width_mm, slab.voxel_height_mm} {}

  std::array<std::int64_t, 3> count, stride;
  Vec3 origin;
  std::array<double, 3> pitch;
};

Ray MakeRay(const Grid& grid, const View& view, std::int64_t row, std::int64_t column) {
  const Vec3 pixel = view.Pixel(static_cast<double>(row), static_cast<double>(column));
  const Vec3 direction = view.Direction(static_cast<double>(row), static_cast<double>(column));
  const Vec3 start = (view.beam == Beam::kCone ? view.source : pixel) - grid.origin;
  const std::array<double, 3> o = {start.x / grid.pitch[0], start.y / grid.pitch[1],
                                   start.z / grid.pitch[2]};
  const std::array<double, 3> d = {direction.x / grid.pitch[0], direction.y / grid.pitch[1],
                                   direction.z / grid.pitch[2]};
  int main = std::abs(d[0]) >= std::abs(d[1]) ? 0 : 1;
  if (std::abs(d[2]) > std::abs(d[main])) main = 2;
  Ray ray{.main = main, .lateral = {}, .length_mm = Norm(direction) / std::abs(d[main])};
  for (int k = 0; k < 2; ++k) {
    const int axis = kLateralAxes[main][k];
    const double slope = d[axis] / d[main];
    ray.lateral[k] = {o[axis] - o[main] * slope, slope};
  }
  return ray;
}

/// The up to four voxels around the ray in one plane; weight 0 for those outside the volume.
struct Stencil {
  std::int64_t offset[4];
  float weight[4];
};

bool StencilAt(const Grid& grid, const Ray& ray, std::int64_t plane, Stencil* stencil) {
  const auto [first, second] = kLateralAxes[ray.main];
  const double a = ray.lateral[0](plane), b = ray.lateral[1](plane);
  if (!(a > -1 && a < static_cast<double>(grid.count[first]) && b > -1 &&
        b < static_cast<double>(grid.count[second]))) {
    return false;
  }
  const auto ia = static_cast<std::int64_t>(std::floor(a)),
             ib = static_cast<std::int64_t>(std::floor(b));
  const auto fa = static_cast<float>(a - static_cast<double>(ia)),
             fb = static_cast<float>(b - static_cast<double>(ib));
  for (int corner = 0; corner < 4; ++corner) {
    const std::int64_t ja = ia + (corner & 1), jb = ib + (corner >> 1);
    const bool inside = ja >= 0 && ja < grid.count[first] && jb >= 0 && jb < grid.count[second];
    stencil->offset[corner] =
        inside ? plane * grid.stride[ray.main] + ja * grid.stride[first] + jb * grid.stride[second]
               : 0;
    stencil->weight[corner] =
        inside ? ((corner & 1) ? fa : 1 - fa) * ((corner >> 1) ? fb : 1 - fb) : 0;
  }
  return true;
}

/// The planes in which the ray can meet the slab.
IndexRange PlanesOf(const Grid& grid, const Ray& ray) {
  const auto [first, second] = kLateralAxes[ray.main];
  const IndexRange planes = Inside(ray.lateral[0], grid.count[first], {0, grid.count[ray.main]});
  return planes.empty() ? planes : Inside(ray.lateral[1], grid.count[second], planes);
}

float ProjectRay(const Grid& grid, const float* x, const Ray& ray) {
  const IndexRange planes = PlanesOf(grid, ray);
  double sum = 0;
  Stencil stencil;
  for (std::int64_t plane = planes.begin; plane < planes.end; ++plane) {
    if (!StencilAt(grid, ray, plane, &stencil)) continue;
    for (int corner = 0; corner < 4; ++corner)
      sum += stencil.weight[corner] * x[stencil.offset[corner]];
  }
  return static_cast<float>(sum * ray.length_mm);
}

}  // namespace

void ProjectJosephRays(const Volume& slab, const float* x, const ProjectionBand& band, float* y) {
  const Grid grid(slab);
  const auto lines = static_cast<std::int64_t>(band.views.size()) * band.columns;
  ParallelFor(0, lines, [&](std::int64_t line) {
    const std::int64_t view = line / band.columns, column = line % band.columns;
    float* out = y + band.Offset(view, column);
    for (std::int64_t row = band.rows.begin; row < band.rows.end; ++row) {
      out[row - band.rows.begin] =
          ProjectRay(grid, x, MakeRay(grid, band.views[view], row, column));
    }
  });
}

void BackprojectJosephRays(const ProjectionBand& band, float* y, const Volume& slab, float* x) {
  const Grid grid(slab);
  const std::int64_t rows = band.rows.size();
  // View by view, so that the rays' descriptions stay small; every plane is written by one thread
  // only.
  std::vector<Ray> rays(static_cast<std::size_t>(band.columns * rows));
  for (std::size_t view = 0; view < band.views.size(); ++view) {
    const float* values = y + band.Offset(static_cast<std::int64_t>(view), 0);
    ParallelFor(0, band.columns, [&](std::int64_t column) {
      for (std::int64_t row = 0; row < rows; ++row) {
        rays[column * rows + row] = MakeRay(grid, band.views[view], band.rows.begin + row, column);
      }
    });
    for (int main = 0; main < 3; ++main) {
      ParallelFor(0, grid.count[main], [&](std::int64_t plane) {
        Stencil stencil;
        for (std::size_t i = 0; i < rays.size(); ++i) {
          if (rays[i].main != main || !StencilAt(grid, rays[i], plane, &stencil)) continue;
          const float value = values[i] * static_cast<float>(rays[i].length_mm);
          for (int corner = 0; corner < 4; ++corner) {
            // A weight of 0 may stand for a voxel outside the volume, or of another thread's plane.
            if (stencil.weight[corner] == 0) continue;
            x[stencil.offset[corner]] += stencil.weight[corner] * value;
          }
        }
      });
    }
  }
}

}  // namespace tomoslab
