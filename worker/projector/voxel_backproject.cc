#include "worker/projector/voxel_backproject.h"

#include <cmath>

#include "worker/core/parallel.h"
#include "worker/projector/resample.h"

namespace tomoslab {
namespace {

/// An affine function of the voxel index.
struct Affine {
  double constant, x, y, z;
  double operator()(double ix, double iy, double iz) const {
    return constant + x * ix + y * iy + z * iz;
  }
};

/// column = column_depth / depth, row = row_depth / depth: the projective map from voxel indices to
/// pixels.
struct PixelMap {
  Affine column_depth, row_depth, depth;
  bool aligned;  // neither column nor depth depends on z
};

PixelMap MapOf(const View& view, const Volume& slab) {
  const auto at = [&](double x, double y, double z) {
    return ProjectPoint(view, slab.VoxelCenter(x, y, z));
  };
  const DetectorPoint p[4] = {at(0, 0, 0), at(1, 0, 0), at(0, 1, 0), at(0, 0, 1)};
  const auto affine = [&](auto&& f) {
    return Affine{f(p[0]), f(p[1]) - f(p[0]), f(p[2]) - f(p[0]), f(p[3]) - f(p[0])};
  };
  return {.column_depth = affine([](const DetectorPoint& d) { return d.column * d.depth; }),
          .row_depth = affine([](const DetectorPoint& d) { return d.row * d.depth; }),
          .depth = affine([](const DetectorPoint& d) { return d.depth; }),
          .aligned = IsAxisAligned(view)};
}

thread_local PaddedLine scratch_line;

/// Two neighbouring detector columns and their weights; one outside the detector has weight 0.
struct ColumnBlend {
  const float *left, *right;
  float left_weight, right_weight;
  float operator()(std::int64_t row) const {
    return left_weight * left[row] + right_weight * right[row];
  }
};

/// column lies in (−1, band.columns).
ColumnBlend BlendAt(const ProjectionBand& band, const float* y, double column, float weight) {
  const std::int64_t rows = band.rows.size(), first = static_cast<std::int64_t>(column + 1) - 1;
  const auto fraction = static_cast<float>(column - static_cast<double>(first));
  ColumnBlend blend{y + first * rows, y + (first + 1) * rows, (1 - fraction) * weight,
                    fraction * weight};
  if (first < 0) {
    blend.left = blend.right;
    blend.left_weight = 0;
  } else if (first + 1 >= band.columns) {
    blend.right = blend.left;
    blend.right_weight = 0;
  }
  return blend;
}

/// Up to this many slices are interpolated one by one: a line buffer would cost more than it saves.
constexpr std::int64_t kFewSlices = 4;

void GatherFew(const ColumnBlend& blend, Positions row, std::int64_t rows, std::int64_t slices,
               float* x) {
  for (std::int64_t z = 0; z < slices; ++z) {
    const double at = row(z);
    if (!(at > -1 && at < static_cast<double>(rows))) continue;
    const std::int64_t k = static_cast<std::int64_t>(at + 1) - 1;
    const auto f = static_cast<float>(at - static_cast<double>(k));
    const float low = k >= 0 ? blend(k) : 0, high = k + 1 < rows ? blend(k + 1) : 0;
    x[z] += low + f * (high - low);
  }
}

/// All voxels of one (x, y): a blend of two detector columns, then a resampling along the rows.
void BackprojectVoxelColumn(const ProjectionBand& band, const float* y, const PixelMap& map,
                            double ix, double iy, std::int64_t slices, float* x) {
  const double depth = map.depth(ix, iy, 0);
  if (!(depth > 0)) return;
  const double scale = 1 / depth, column = map.column_depth(ix, iy, 0) * scale;
  if (!(column > -1 && column < band.columns)) return;
  const std::int64_t rows = band.rows.size();
  const Positions row{map.row_depth(ix, iy, 0) * scale - static_cast<double>(band.rows.begin),
                      map.row_depth.z * scale};
  const ColumnBlend blend = BlendAt(band, y, column, static_cast<float>(scale * scale));
  if (slices <= kFewSlices) return GatherFew(blend, row, rows, slices, x);
  const IndexRange lit = Inside(row, rows, {0, slices});
  if (lit.empty()) return;
  const IndexRange touched = Touched(row, rows, lit);
  float* samples = scratch_line.samples();
  samples[touched.begin - 1] = samples[touched.end] = 0;
  for (std::int64_t r = touched.begin; r < touched.end; ++r) samples[r] = blend(r);
  Gather(scratch_line.padded(), row, lit, x);
}

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

void BackprojectAnyColumn(const ProjectionBand& band, const float* y, const PixelMap& map,
                          double ix, double iy, std::int64_t slices, float* x) {
  for (std::int64_t z = 0; z < slices; ++z) {
    const auto iz = static_cast<double>(z);
    const double depth = map.depth(ix, iy, iz);
    if (!(depth > 0)) continue;
    const float value =
        Bilinear(band, y, map.row_depth(ix, iy, iz) / depth, map.column_depth(ix, iy, iz) / depth);
    x[z] += value / static_cast<float>(depth * depth);
  }
}

}  // namespace

void BackprojectVoxels(const ProjectionBand& band, const float* y, const Volume& slab, float* x) {
  if (slab.slices == 0 || band.rows.empty()) return;
  std::vector<PixelMap> maps;
  for (const View& view : band.views) maps.push_back(MapOf(view, slab));
  ParallelFor(0, slab.rows, [&](std::int64_t iy) {
    scratch_line.Resize(band.rows.size());
    for (std::size_t view = 0; view < maps.size(); ++view) {
      const float* projection = y + band.Offset(static_cast<std::int64_t>(view), 0);
      const auto column_of = maps[view].aligned ? BackprojectVoxelColumn : BackprojectAnyColumn;
      for (std::int64_t ix = 0; ix < slab.columns; ++ix) {
        column_of(band, projection, maps[view], static_cast<double>(ix), static_cast<double>(iy),
                  slab.slices, x + (iy * slab.columns + ix) * slab.slices);
      }
    }
  });
}

}  // namespace tomoslab
