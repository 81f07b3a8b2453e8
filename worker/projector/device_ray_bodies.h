// What one GPU thread computes for views of any orientation, ray by ray; as device_bodies.h, and
// slower. The same weights as joseph_rays.h.
#pragma once

#include "worker/projector/device_bodies.h"

namespace tomoslab::device {

/// constant + row · R + column · C, of a pixel counted from the middle one.
struct OfPixel {
  float constant, row, column;
  TOMOSLAB_HOST_DEVICE float operator()(float r, float c) const {
    return fmaf(r, row, fmaf(c, column, constant));
  }
};
/// constant + x · X + y · Y + z · Z, of a voxel counted from the middle one.
struct OfVoxel {
  float constant, x, y, z;
  TOMOSLAB_HOST_DEVICE float operator()(float px, float py, float pz) const {
    return fmaf(px, x, fmaf(py, y, fmaf(pz, z, constant)));
  }
};

/// The two other axes.
TOMOSLAB_HOST_DEVICE inline int FirstAcross(int main) { return main == 0 ? 1 : 0; }
TOMOSLAB_HOST_DEVICE inline int SecondAcross(int main) { return main == 2 ? 1 : 2; }

/// The rays of one view, in voxels: their direction on x, y, z, and where they meet the middle
/// plane across main axis m: across[m][i] / direction[m] on the i-th other axis.
struct RayView {
  OfPixel direction[3];
  OfPixel across[3][2];
  OfVoxel column_depth, row_depth, depth;  // a voxel's pixel, counted from the middle one
};

/// One ray: at plane p across its main axis, counted from the middle one, it passes start[i] + p ·
/// step[i] on the other axes.
struct Ray {
  int main;
  float start[2], step[2];
};
TOMOSLAB_HOST_DEVICE inline Ray RayOf(const RayView& view, float row, float column) {
  const float d[3] = {view.direction[0](row, column), view.direction[1](row, column),
                      view.direction[2](row, column)};
  // Of axes as good as each other to rounding the earlier, as main_axis.h.
  int main = fabsf(d[1]) > fabsf(d[0]) * (1 + 1e-6f) ? 1 : 0;
  if (fabsf(d[2]) > fabsf(d[main]) * (1 + 1e-6f)) main = 2;
  const float inverse = 1 / d[main];
  return {
      main,
      {view.across[main][0](row, column) * inverse, view.across[main][1](row, column) * inverse},
      {d[FirstAcross(main)] * inverse, d[SecondAcross(main)] * inverse}};
}
TOMOSLAB_HOST_DEVICE inline float Across(const Ray& ray, int i, int plane) {
  return fmaf(static_cast<float>(plane), ray.step[i], ray.start[i]);
}

/// Sizes of voxels, mm: width in x and y, height in z.
struct VoxelSize {
  float width, height;
};
/// The ray's length per plane, mm.
TOMOSLAB_HOST_DEVICE inline float LengthMm(const Ray& ray, const VoxelSize& size) {
  const float main = ray.main == 2 ? size.height : size.width;
  const float first = ray.step[0] * size.width;  // x or y in every case
  const float second = ray.step[1] * (ray.main == 2 ? size.width : size.height);
  return sqrtf(fmaf(main, main, fmaf(first, first, second * second)));
}

/// A slab's voxels by axis.
struct Axes {
  int count[3], middle[3];
  std::int64_t stride[3];

  TOMOSLAB_HOST_DEVICE explicit Axes(const Slab& slab)
      : count{slab.columns, slab.rows, slab.slices},
        middle{slab.middle_x, slab.middle_y, slab.middle_z},
        stride{slab.slices, static_cast<std::int64_t>(slab.columns) * slab.slices, 1} {}
};

/// Planes of [begin, end) at which start + p · step may lie within (lowest, highest).
TOMOSLAB_HOST_DEVICE inline Planes Within(float start, float step, float lowest, float highest,
                                          Planes planes) {
  if (!(fabsf(step) > 1e-6f)) return planes;
  const float inverse = 1 / step, a = (lowest - start) * inverse, b = (highest - start) * inverse;
  const auto begin = static_cast<float>(planes.begin), end = static_cast<float>(planes.end);
  return {static_cast<int>(fminf(fmaxf(floorf(fminf(a, b)) - 1, begin), end)),
          static_cast<int>(fmaxf(fminf(ceilf(fmaxf(a, b)) + 2, end), begin))};
}

/// Forward projection of one ray (joseph.h).
TOMOSLAB_HOST_DEVICE inline float ProjectRay(const Slab& slab, const VoxelSize& size,
                                             const float* x, const RayView& view, float row,
                                             float column) {
  const Ray ray = RayOf(view, row, column);
  const Axes axes(slab);
  const int a = FirstAcross(ray.main), b = SecondAcross(ray.main);
  Planes planes{-axes.middle[ray.main], axes.count[ray.main] - axes.middle[ray.main]};
  const float lowest[2] = {static_cast<float>(-1 - axes.middle[a]),
                           static_cast<float>(-1 - axes.middle[b])};
  const float highest[2] = {static_cast<float>(axes.count[a] - axes.middle[a]),
                            static_cast<float>(axes.count[b] - axes.middle[b])};
  for (int i = 0; i < 2; ++i)
    planes = Within(ray.start[i], ray.step[i], lowest[i], highest[i], planes);
  float sum = 0;
  for (int plane = planes.begin; plane < planes.end; ++plane) {
    const float u = Across(ray, 0, plane), v = Across(ray, 1, plane);
    if (!(u > lowest[0] && u < highest[0] && v > lowest[1] && v < highest[1])) continue;
    const float floor_u = floorf(u), floor_v = floorf(v);
    const int iu = static_cast<int>(floor_u) + axes.middle[a],
              iv = static_cast<int>(floor_v) + axes.middle[b];
    const float high_u = u - floor_u, high_v = v - floor_v;
    const float* low = x + (plane + axes.middle[ray.main]) * axes.stride[ray.main] +
                       iu * axes.stride[a] + iv * axes.stride[b];
    for (int i = 0; i < 2; ++i) {
      if (iu + i < 0 || iu + i >= axes.count[a]) continue;
      const float* at = low + i * axes.stride[a];
      const float lower = iv >= 0 ? at[0] : 0.0f;
      const float upper = iv + 1 < axes.count[b] ? at[axes.stride[b]] : 0.0f;
      sum = fmaf(i == 0 ? 1 - high_u : high_u, fmaf(high_v, upper - lower, lower), sum);
    }
  }
  return sum * LengthMm(ray, size);
}

/// The weight with which a ray reads the voxel at p, counted from the middle one.
TOMOSLAB_HOST_DEVICE inline float RayWeight(const Ray& ray, const int* p) {
  const int a = FirstAcross(ray.main), b = SecondAcross(ray.main);
  const float u = 1 - fabsf(Across(ray, 0, p[ray.main]) - static_cast<float>(p[a]));
  const float v = 1 - fabsf(Across(ray, 1, p[ray.main]) - static_cast<float>(p[b]));
  return u > 0 && v > 0 ? u * v : 0.0f;
}

/// Pixels [first, last] on both detector axes.
struct PixelBox {
  int first_row, last_row, first_column, last_column;
};
/// The first and the last of `count` pixels that lie within [low, high], but for rounding.
TOMOSLAB_HOST_DEVICE inline int FirstOf(float low, int count) {
  return static_cast<int>(fminf(fmaxf(ceilf(low - 0.01f), 0.0f), static_cast<float>(count)));
}
TOMOSLAB_HOST_DEVICE inline int LastOf(float high, int count) {
  return static_cast<int>(fmaxf(fminf(floorf(high + 0.01f), static_cast<float>(count - 1)), -1.0f));
}
/// Those that may see within a voxel of (px, py, pz) by rays that stand no further than `reach`
/// pixels from their middle.
TOMOSLAB_HOST_DEVICE inline PixelBox PixelsAround(const RayView& view, const Band& band, float px,
                                                  float py, float pz, float reach = 0) {
  float low_row = 1e30f, high_row = -1e30f, low_column = 1e30f, high_column = -1e30f;
  for (int corner = 0; corner < 8; ++corner) {
    const float x = px + (corner % 2 == 0 ? -1.0f : 1.0f),
                y = py + (corner / 2 % 2 == 0 ? -1.0f : 1.0f),
                z = pz + (corner / 4 == 0 ? -1.0f : 1.0f);
    const float scale = 1 / view.depth(x, y, z);
    const float row = view.row_depth(x, y, z) * scale, column = view.column_depth(x, y, z) * scale;
    low_row = fminf(low_row, row);
    high_row = fmaxf(high_row, row);
    low_column = fminf(low_column, column);
    high_column = fmaxf(high_column, column);
  }
  const auto middle_row = static_cast<float>(band.middle_row),
             middle_column = static_cast<float>(band.middle_column);
  return {FirstOf(low_row + middle_row - reach, band.rows),
          LastOf(high_row + middle_row + reach, band.rows),
          FirstOf(low_column + middle_column - reach, band.columns),
          LastOf(high_column + middle_column + reach, band.columns)};
}

/// The exact adjoint of ProjectRay, gathered for one voxel: Σ weight · y over the band's views.
///   y: projections times LengthMm.
TOMOSLAB_HOST_DEVICE inline float BackprojectVoxel(const Slab& slab, const Band& band,
                                                   const RayView* views, const float* y, int ix,
                                                   int iy, int iz) {
  const int p[3] = {ix - slab.middle_x, iy - slab.middle_y, iz - slab.middle_z};
  float sum = 0;
  for (int view = 0; view < band.views; ++view) {
    const RayView& rays = views[view];
    const PixelBox box = PixelsAround(rays, band, static_cast<float>(p[0]),
                                      static_cast<float>(p[1]), static_cast<float>(p[2]));
    for (int column = box.first_column; column <= box.last_column; ++column) {
      const float* line = y + band.Offset(view, column);
      for (int row = box.first_row; row <= box.last_row; ++row) {
        const Ray ray = RayOf(rays, static_cast<float>(row - band.middle_row),
                              static_cast<float>(column - band.middle_column));
        sum = fmaf(RayWeight(ray, p), line[row], sum);
      }
    }
  }
  return sum;
}

}  // namespace tomoslab::device
