// What one GPU thread computes, as plain functions that the host can call too: the tests run them
// over whole grids. Joseph's matched pair and the voxel-driven backprojection, for axis-aligned
// views. Positions are in voxels and pixels, float32, counted from the middle of the slab and of
// the detector so that they stay exact to 1e-4; explicit fused operations give the forward
// projection and its adjoint the same bits.
#pragma once

#include <cmath>
#include <cstdint>

#include "worker/core/host_device.h"

namespace tomoslab::device {

/// Voxels [y][x][z] of a slab, and the ones positions are counted from.
struct Slab {
  int columns, rows, slices;
  int middle_x, middle_y, middle_z;
};

/// Numbers [view][column][row] of a batch of views, and the pixel that positions are counted from.
struct Band {
  int views, columns, rows;
  int middle_column, middle_row;  // of the columns and rows held here

  TOMOSLAB_HOST_DEVICE std::int64_t Offset(int view, int column) const {
    return (static_cast<std::int64_t>(view) * columns + column) * rows;
  }
};

/// The rays of one detector column of one view. At plane p across the main axis, counted from the
/// middle one, they pass lateral + p · lateral_step on the other axis; the ray of row r, counted
/// from the middle one, at z = (z + p · z_step) + r · (spacing + p · spacing_step).
struct Column {
  float lateral, lateral_step;
  float z, z_step, spacing, spacing_step;
  float level, rise, rise_step;  // length per plane, mm: √(level + (rise + r · rise_step)²)
  int along_x;                   // the main axis: x, else y
};

/// The map from voxels to pixels of one view: column = (constant + x · X + y · Y) / depth, likewise
/// the row, and depth = constant + x · X + y · Y.
struct PixelMap {
  float column, column_x, column_y;
  float row, row_x, row_y, row_z;
  float depth, depth_x, depth_y;
};

TOMOSLAB_HOST_DEVICE inline float Lateral(const Column& c, int plane) {
  return fmaf(static_cast<float>(plane), c.lateral_step, c.lateral);
}
TOMOSLAB_HOST_DEVICE inline float FirstZ(const Column& c, int plane) {
  return fmaf(static_cast<float>(plane), c.z_step, c.z);
}
TOMOSLAB_HOST_DEVICE inline float Spacing(const Column& c, int plane) {
  return fmaf(static_cast<float>(plane), c.spacing_step, c.spacing);
}
TOMOSLAB_HOST_DEVICE inline float LengthMm(const Column& c, int row) {
  const float rise = fmaf(static_cast<float>(row), c.rise_step, c.rise);
  return sqrtf(fmaf(rise, rise, c.level));
}

/// A line of `count` voxels or pixels at index k and the next, blended; zero outside.
TOMOSLAB_HOST_DEVICE inline float Blend(const float* line, int count, int k, float high) {
  const float a = k >= 0 ? line[k] : 0.0f;
  const float b = k + 1 < count ? line[k + 1] : 0.0f;
  return fmaf(high, b - a, a);
}

/// Planes [begin, end), counted from the middle one, on which a column's rays may pass the slab.
struct Planes {
  int begin, end;
};
TOMOSLAB_HOST_DEVICE inline Planes PlanesInside(const Column& c, int count, int middle,
                                                float lowest, float highest) {
  Planes planes{-middle, count - middle};
  if (fabsf(c.lateral_step) > 1e-6f) {
    const float inverse = 1 / c.lateral_step;
    const float a = (lowest - c.lateral) * inverse, b = (highest - c.lateral) * inverse;
    const float first = floorf(fminf(a, b)) - 1, last = ceilf(fmaxf(a, b)) + 2;
    if (first > static_cast<float>(planes.begin))
      planes.begin = first < static_cast<float>(planes.end) ? static_cast<int>(first) : planes.end;
    if (last < static_cast<float>(planes.end))
      planes.end = last > static_cast<float>(planes.begin) ? static_cast<int>(last) : planes.begin;
  }
  return planes;
}

/// Forward projection (joseph.h) of `kRays` rays of one column, `stride` rows apart from `row` on;
/// those behind the band's last row give 0.
///   x: the slab, 1/mm.   sums: line integrals.
template <int kRays>
TOMOSLAB_HOST_DEVICE inline void ProjectRays(const Slab& slab, const float* x, const Band& band,
                                             const Column& c, int row, int stride, float* sums) {
  const int count = c.along_x ? slab.columns : slab.rows;
  const int laterals = c.along_x ? slab.rows : slab.columns;
  const int middle = c.along_x ? slab.middle_x : slab.middle_y;
  const int middle_lateral = c.along_x ? slab.middle_y : slab.middle_x;
  const std::int64_t line = slab.slices;
  const std::int64_t plane_stride = c.along_x ? line : line * slab.columns;
  const std::int64_t lateral_stride = c.along_x ? line * slab.columns : line;
  const float lowest = static_cast<float>(-1 - middle_lateral);
  const float highest = static_cast<float>(laterals - middle_lateral);
  for (int i = 0; i < kRays; ++i) sums[i] = 0;
  const Planes planes = PlanesInside(c, count, middle, lowest, highest);
  for (int plane = planes.begin; plane < planes.end; ++plane) {
    const float lateral = Lateral(c, plane);
    if (!(lateral > lowest && lateral < highest)) continue;
    const float floor_lateral = floorf(lateral);
    const int low = static_cast<int>(floor_lateral) + middle_lateral;
    const float weight_high = lateral - floor_lateral, weight_low = 1 - weight_high;
    const float* line_low = x + (plane + middle) * plane_stride + low * lateral_stride;
    const float first = FirstZ(c, plane), spacing = Spacing(c, plane);
    for (int i = 0; i < kRays; ++i) {
      const float z = fmaf(static_cast<float>(row + i * stride - band.middle_row), spacing, first);
      if (!(z > static_cast<float>(-1 - slab.middle_z) &&
            z < static_cast<float>(slab.slices - slab.middle_z)))
        continue;
      const float floor_z = floorf(z);
      const int k = static_cast<int>(floor_z) + slab.middle_z;
      const float high = z - floor_z;
      if (low >= 0) sums[i] = fmaf(weight_low, Blend(line_low, slab.slices, k, high), sums[i]);
      if (low + 1 < laterals)
        sums[i] =
            fmaf(weight_high, Blend(line_low + lateral_stride, slab.slices, k, high), sums[i]);
    }
  }
  for (int i = 0; i < kRays; ++i) sums[i] *= LengthMm(c, row + i * stride - band.middle_row);
}

TOMOSLAB_HOST_DEVICE inline float DepthAt(const PixelMap& map, float x, float y) {
  return fmaf(x, map.depth_x, fmaf(y, map.depth_y, map.depth));
}
/// The column that a voxel is seen in, counted from the middle one.
TOMOSLAB_HOST_DEVICE inline float ColumnAt(const PixelMap& map, float x, float y, float depth) {
  return fmaf(x, map.column_x, fmaf(y, map.column_y, map.column)) / depth;
}

/// Columns [begin, end] of the band whose rays may pass within a voxel of (x, y).
struct ColumnRange {
  int first, last;
};
TOMOSLAB_HOST_DEVICE inline ColumnRange ColumnsAround(const PixelMap& map, const Band& band,
                                                      float x, float y) {
  float low = 1e30f, high = -1e30f;
  for (int side = 0; side < 4; ++side) {
    const float sx = side == 0 ? x - 1 : side == 1 ? x + 1 : x;
    const float sy = side == 2 ? y - 1 : side == 3 ? y + 1 : y;
    const float column = ColumnAt(map, sx, sy, DepthAt(map, sx, sy));
    low = fminf(low, column);
    high = fmaxf(high, column);
  }
  const auto middle = static_cast<float>(band.middle_column);
  low = fmaxf(ceilf(low + middle - 0.01f), 0.0f);
  high = fminf(floorf(high + middle + 0.01f), static_cast<float>(band.columns - 1));
  return high < low ? ColumnRange{0, -1}
                    : ColumnRange{static_cast<int>(low), static_cast<int>(high)};
}

/// The exact adjoint of ProjectRays, gathered: for `kVoxels` voxels of one voxel column, `stride`
/// slices apart from iz on, adds Σ weight · y over all views and pixels. Every voxel has one owner,
/// so there are no atomics.
///   y: projections times LengthMm, on the band.
template <int kVoxels>
TOMOSLAB_HOST_DEVICE inline void BackprojectVoxels(const Slab& slab, const Band& band,
                                                   const Column* columns, const PixelMap* maps,
                                                   const float* y, int ix, int iy, int iz,
                                                   int stride, float* sums) {
  const int px = ix - slab.middle_x, py = iy - slab.middle_y;
  for (int view = 0; view < band.views; ++view) {
    const ColumnRange range =
        ColumnsAround(maps[view], band, static_cast<float>(px), static_cast<float>(py));
    for (int column = range.first; column <= range.last; ++column) {
      const Column c = columns[view * static_cast<std::int64_t>(band.columns) + column];
      const int plane = c.along_x ? px : py, lateral = c.along_x ? py : px;
      const float weight = 1 - fabsf(Lateral(c, plane) - static_cast<float>(lateral));
      if (!(weight > 0)) continue;
      const float first = FirstZ(c, plane), spacing = Spacing(c, plane);
      const float inverse = 1 / spacing, reach = fabsf(inverse) + 1e-3f;
      const float* rays = y + band.Offset(view, column);
      for (int i = 0; i < kVoxels; ++i) {
        const auto z = static_cast<float>(iz + i * stride - slab.middle_z);
        const float at = (z - first) * inverse + static_cast<float>(band.middle_row);
        const float low = fmaxf(ceilf(at - reach), 0.0f);
        const float high = fminf(floorf(at + reach), static_cast<float>(band.rows - 1));
        float along = 0;
        for (float row = low; row <= high; row += 1) {
          const float ray_z = fmaf(row - static_cast<float>(band.middle_row), spacing, first);
          along = fmaf(fmaxf(1 - fabsf(ray_z - z), 0.0f), rays[static_cast<int>(row)], along);
        }
        sums[i] = fmaf(weight, along, sums[i]);
      }
    }
  }
}

/// voxel_backproject.h for `kVoxels` voxels of one voxel column, `stride` slices apart from iz on;
/// adds to sums.
template <int kVoxels>
TOMOSLAB_HOST_DEVICE inline void BackprojectVoxelDriven(const Slab& slab, const Band& band,
                                                        const PixelMap* maps, const float* y,
                                                        int ix, int iy, int iz, int stride,
                                                        float* sums) {
  const auto px = static_cast<float>(ix - slab.middle_x),
             py = static_cast<float>(iy - slab.middle_y);
  for (int view = 0; view < band.views; ++view) {
    const PixelMap map = maps[view];
    const float depth = DepthAt(map, px, py);
    const float column = ColumnAt(map, px, py, depth) + static_cast<float>(band.middle_column);
    if (!(column > -1 && column < static_cast<float>(band.columns))) continue;
    const float floor_column = floorf(column);
    const int c = static_cast<int>(floor_column);
    const float scale = 1 / depth, weight = scale * scale, high_column = column - floor_column;
    const float low_weight = c >= 0 ? weight * (1 - high_column) : 0.0f;
    const float high_weight = c + 1 < band.columns ? weight * high_column : 0.0f;
    const float* low_line = y + band.Offset(view, c >= 0 ? c : 0);
    const float* high_line = y + band.Offset(view, c + 1 < band.columns ? c + 1 : c);
    const float first = fmaf(px, map.row_x, fmaf(py, map.row_y, map.row)) * scale;
    const float step = map.row_z * scale;
    for (int i = 0; i < kVoxels; ++i) {
      const auto z = static_cast<float>(iz + i * stride - slab.middle_z);
      const float row = fmaf(z, step, first) + static_cast<float>(band.middle_row);
      if (!(row > -1 && row < static_cast<float>(band.rows))) continue;
      const float floor_row = floorf(row);
      const int r = static_cast<int>(floor_row);
      const float high = row - floor_row;
      sums[i] = fmaf(low_weight, Blend(low_line, band.rows, r, high), sums[i]);
      sums[i] = fmaf(high_weight, Blend(high_line, band.rows, r, high), sums[i]);
    }
  }
}

}  // namespace tomoslab::device
