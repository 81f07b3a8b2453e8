#include "worker/projector/voxel_backproject.h"

#include <cmath>

#include "worker/core/parallel.h"
#include "worker/projector/pixel_map.h"
#include "worker/projector/view_runs.h"
#include "worker/projector/voxel_columns.h"

namespace tomoslab {
namespace {

float Bilinear(const ProjectionBand& band, const float* y, double row, double column) {
  const std::int64_t rows = band.rows.size();
  const double r = row - static_cast<double>(band.rows.begin);
  if (!(column > -1 && column < band.columns && r > -1 && r < static_cast<double>(rows))) return 0;
  const auto c0 = static_cast<std::int64_t>(std::floor(column)),
             r0 = static_cast<std::int64_t>(std::floor(r));
  const auto fc = static_cast<float>(column - static_cast<double>(c0)),
             fr = static_cast<float>(r - static_cast<double>(r0));
  const auto pixel = [&](std::int64_t c, std::int64_t k) {
    return c >= 0 && c < band.columns && k >= 0 && k < rows ? y[c * rows + k] : 0.0f;
  };
  return (1 - fc) * ((1 - fr) * pixel(c0, r0) + fr * pixel(c0, r0 + 1)) +
         fc * ((1 - fr) * pixel(c0 + 1, r0) + fr * pixel(c0 + 1, r0 + 1));
}

}  // namespace

void BackprojectVoxelBox(const ProjectionBand& band, const float* y, const Volume& slab,
                         IndexRange columns, IndexRange rows, IndexRange slices, float* x) {
  for (std::size_t view = 0; view < band.views.size(); ++view) {
    const PixelMap map = MapOf(band.views[view], slab);
    const float* projection = y + band.Offset(static_cast<std::int64_t>(view), 0);
    for (std::int64_t iy = rows.begin; iy < rows.end; ++iy) {
      for (std::int64_t ix = columns.begin; ix < columns.end; ++ix) {
        float* out = x + (iy * slab.columns + ix) * slab.slices;
        for (std::int64_t iz = slices.begin; iz < slices.end; ++iz) {
          const auto vx = static_cast<double>(ix), vy = static_cast<double>(iy),
                     vz = static_cast<double>(iz);
          const double depth = map.depth(vx, vy, vz);
          if (!(depth > 0)) continue;
          const double scale = 1 / depth;
          out[iz] += Bilinear(band, projection, map.row_depth(vx, vy, vz) * scale,
                              map.column_depth(vx, vy, vz) * scale) *
                     static_cast<float>(scale * scale);
        }
      }
    }
  }
}

void BackprojectVoxels(const ProjectionBand& band, const float* y, const Volume& slab, float* x) {
  if (slab.slices == 0 || band.rows.empty()) return;
  ForRuns(band, IsAxisAligned, [&](bool aligned, const ProjectionBand& run, std::int64_t offset) {
    if (aligned) return BackprojectVoxelColumns(run, y + offset, slab, x);
    ParallelFor(0, slab.rows, [&](std::int64_t iy) {
      BackprojectVoxelBox(run, y + offset, slab, {0, slab.columns}, {iy, iy + 1}, {0, slab.slices},
                          x);
    });
  });
}

}  // namespace tomoslab
