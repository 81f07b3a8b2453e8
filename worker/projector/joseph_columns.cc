#include "worker/projector/joseph_columns.h"

#include <cmath>

#include "worker/core/parallel.h"
#include "worker/projector/resample.h"

namespace tomoslab {
namespace {

enum class MainAxis { kX, kY };

/// Everything the rays of one detector column share. Positions are in voxels of the slab (0 =
/// centre of the first). The plane at index j across the main axis is met at lateral(j) on the
/// other one, and t(j) of the way from the source to the detector.
struct ColumnPlane {
  MainAxis main;
  Positions t, lateral;
  double row0, row_step;  // z of the pixel in row 0, and from row to row
  double source_z;        // cone: z of the source
  bool cone;
  IndexRange planes;  // where lateral(j) meets the volume
  bool all_rows_lit;  // every row of the band meets the slab in every plane of `planes`

  /// z as a function of the detector row, in plane j.
  Positions Z(std::int64_t plane) const {
    if (!cone) return {row0, row_step};
    const double at = t(plane);
    return {source_z + at * (row0 - source_z), at * row_step};
  }
  IndexRange LitRows(Positions z, std::int64_t slices, IndexRange rows) const {
    return all_rows_lit ? rows : Inside(z, slices, rows);
  }
};

class ColumnGeometry {
 public:
  ColumnGeometry(const Volume& slab, const ProjectionBand& band)
      : band_(band),
        slab_(slab),
        origin_(slab.VoxelCenter(0, 0, 0)),
        width_(slab.voxel_width_mm),
        height_(slab.voxel_height_mm) {}

  ColumnPlane Plane(std::int64_t view_index, std::int64_t column) const {
    const View& view = band_.views[view_index];
    const bool cone = view.beam == Beam::kCone;
    const Vec3 pixel = view.Pixel(0, static_cast<double>(column));
    const Vec3 direction =
        view.Direction(0, static_cast<double>(column));  // mm; x and y are the same for all rows
    const Vec3 start = cone ? view.source : pixel;
    const double px = (start.x - origin_.x) / width_, py = (start.y - origin_.y) / width_;
    const double dx = direction.x / width_, dy = direction.y / width_;
    const bool along_x = std::abs(dx) >= std::abs(dy);
    const double main = along_x ? px : py, across = along_x ? py : px;
    const double t_step = 1 / (along_x ? dx : dy), slope = (along_x ? dy : dx) * t_step;
    ColumnPlane plane{.main = along_x ? MainAxis::kX : MainAxis::kY,
                      .t = {-main * t_step, t_step},
                      .lateral = {across - main * slope, slope},
                      .row0 = (pixel.z - origin_.z) / height_,
                      .row_step = view.row_step.z / height_,
                      .source_z = (view.source.z - origin_.z) / height_,
                      .cone = cone,
                      .planes = {},
                      .all_rows_lit = false};
    plane.planes = Inside(plane.lateral, along_x ? slab_.rows : slab_.columns,
                          {0, along_x ? slab_.columns : slab_.rows});
    plane.all_rows_lit = AllRowsLit(plane);
    return plane;
  }

  /// y[row] *= the ray's length per voxel plane, mm.
  void ScaleByLength(std::int64_t view_index, std::int64_t column, float* y) const {
    const View& view = band_.views[view_index];
    const Vec3 level = view.Direction(0, static_cast<double>(column));
    const double main = std::max(std::abs(level.x), std::abs(level.y));
    const double planar = level.x * level.x + level.y * level.y;
    for (std::int64_t row = band_.rows.begin; row < band_.rows.end; ++row) {
      const double dz =
          view.beam == Beam::kCone ? level.z + static_cast<double>(row) * view.row_step.z : 0;
      y[row - band_.rows.begin] *= static_cast<float>(std::sqrt(planar + dz * dz) / main * width_);
    }
  }

 private:
  /// A row's z changes linearly from plane to plane: lit in the first and the last is lit in all.
  bool AllRowsLit(const ColumnPlane& plane) const {
    if (plane.planes.empty()) return false;
    for (const std::int64_t j : {plane.planes.begin, plane.planes.end - 1}) {
      if (Inside(plane.Z(j), slab_.slices, band_.rows) != band_.rows) return false;
    }
    return true;
  }

  ProjectionBand band_;
  Volume slab_;
  Vec3 origin_;
  double width_, height_;
};

/// Two neighbouring voxel columns and their weights; a missing one (outside the volume) has weight
/// 0 and the other's offset.
struct ColumnPair {
  std::int64_t offset[2];
  float weight[2];
};

/// lateral lies in (−1, count).
ColumnPair PairAt(const Volume& slab, MainAxis main, std::int64_t plane, double lateral) {
  const bool along_x = main == MainAxis::kX;
  const std::int64_t count = along_x ? slab.rows : slab.columns;
  const std::int64_t x_stride = slab.slices, y_stride = x_stride * slab.columns;
  const std::int64_t stride = along_x ? y_stride : x_stride,
                     base = plane * (along_x ? x_stride : y_stride);
  const std::int64_t first = static_cast<std::int64_t>(lateral + 1) - 1;
  const auto fraction = static_cast<float>(lateral - static_cast<double>(first));
  ColumnPair pair{{base + first * stride, base + (first + 1) * stride}, {1 - fraction, fraction}};
  if (first < 0) {
    pair.offset[0] = pair.offset[1];
    pair.weight[0] = 0;
  } else if (first + 1 >= count) {
    pair.offset[1] = pair.offset[0];
    pair.weight[1] = 0;
  }
  return pair;
}

/// line[z] ← Σ weight · column[z], z in [range).
void Blend(const float* x, const ColumnPair& pair, IndexRange range, float* line) {
  const float* a = x + pair.offset[0];
  const float* b = x + pair.offset[1];
  const float wa = pair.weight[0], wb = pair.weight[1];
  for (std::int64_t z = range.begin; z < range.end; ++z) line[z] = wa * a[z] + wb * b[z];
}

/// column[z] += weight · line[z], z in [range).
void BlendTransposed(const float* line, const ColumnPair& pair, IndexRange range, float* x) {
  for (int side = 0; side < 2; ++side) {
    if (pair.weight[side] == 0) continue;
    float* column = x + pair.offset[side];
    const float weight = pair.weight[side];
    for (std::int64_t z = range.begin; z < range.end; ++z) column[z] += weight * line[z];
  }
}

thread_local PaddedLine scratch_line;

/// Zeroes the padding around [range) so that interpolation sees nothing outside what was blended.
void ZeroAround(IndexRange range, float* samples) {
  samples[range.begin - 1] = 0;
  samples[range.end] = 0;
}

/// Up to this many rows are interpolated one by one: a line buffer would cost more than it saves.
constexpr std::int64_t kFewRows = 4;

void GatherFew(const float* x, const ColumnPair& pair, Positions z, IndexRange rows,
               std::int64_t slices, float* y) {
  const float* a = x + pair.offset[0];
  const float* b = x + pair.offset[1];
  for (std::int64_t row = rows.begin; row < rows.end; ++row) {
    const double at = z(row);
    const std::int64_t k = static_cast<std::int64_t>(at + 1) - 1;
    const auto f = static_cast<float>(at - static_cast<double>(k));
    const float low = k >= 0 ? pair.weight[0] * a[k] + pair.weight[1] * b[k] : 0;
    const float high = k + 1 < slices ? pair.weight[0] * a[k + 1] + pair.weight[1] * b[k + 1] : 0;
    y[row] += low + f * (high - low);
  }
}

void SpreadFew(const float* y, Positions z, IndexRange rows, std::int64_t slices,
               const ColumnPair& pair, float* x) {
  float* a = x + pair.offset[0];
  float* b = x + pair.offset[1];
  for (std::int64_t row = rows.begin; row < rows.end; ++row) {
    const double at = z(row);
    const std::int64_t k = static_cast<std::int64_t>(at + 1) - 1;
    const auto f = static_cast<float>(at - static_cast<double>(k));
    const float high = f * y[row], low = y[row] - high;
    if (k >= 0) {
      a[k] += pair.weight[0] * low;
      b[k] += pair.weight[1] * low;
    }
    if (k + 1 < slices) {
      a[k + 1] += pair.weight[0] * high;
      b[k + 1] += pair.weight[1] * high;
    }
  }
}

void ProjectColumn(const Volume& slab, const float* x, const ColumnPlane& geometry, IndexRange rows,
                   float* y) {
  float* samples = scratch_line.samples();
  for (std::int64_t plane = geometry.planes.begin; plane < geometry.planes.end; ++plane) {
    const Positions z = geometry.Z(plane);
    const IndexRange lit = geometry.LitRows(z, slab.slices, rows);
    if (lit.empty()) continue;
    const ColumnPair pair = PairAt(slab, geometry.main, plane, geometry.lateral(plane));
    if (lit.size() <= kFewRows) {
      GatherFew(x, pair, z, lit, slab.slices, y - rows.begin);
      continue;
    }
    const IndexRange touched = Touched(z, slab.slices, lit);
    ZeroAround(touched, samples);
    Blend(x, pair, touched, samples);
    Gather(scratch_line.padded(), z, lit, y - rows.begin);
  }
}

void BackprojectColumn(const Volume& slab, const ColumnPlane& geometry, std::int64_t plane,
                       IndexRange rows, const float* y, float* x) {
  const Positions z = geometry.Z(plane);
  const IndexRange lit = geometry.LitRows(z, slab.slices, rows);
  if (lit.empty()) return;
  const ColumnPair pair = PairAt(slab, geometry.main, plane, geometry.lateral(plane));
  if (lit.size() <= kFewRows) {
    SpreadFew(y - rows.begin, z, lit, slab.slices, pair, x);
    return;
  }
  const IndexRange touched = Touched(z, slab.slices, lit);
  float* samples = scratch_line.samples();
  std::fill(samples + touched.begin - 1, samples + touched.end + 1, 0.0f);
  Spread(y - rows.begin, z, lit, scratch_line.padded());
  BlendTransposed(samples, pair, touched, x);
}

}  // namespace

void ProjectJosephColumns(const Volume& slab, const float* x, const ProjectionBand& band,
                          float* y) {
  const ColumnGeometry geometry(slab, band);
  const auto lines = static_cast<std::int64_t>(band.views.size()) * band.columns;
  ParallelFor(0, lines, [&](std::int64_t line) {
    scratch_line.Resize(slab.slices);
    const std::int64_t view = line / band.columns, column = line % band.columns;
    float* out = y + band.Offset(view, column);
    std::fill_n(out, band.rows.size(), 0.0f);
    ProjectColumn(slab, x, geometry.Plane(view, column), band.rows, out);
    geometry.ScaleByLength(view, column, out);
  });
}

void BackprojectJosephColumns(const ProjectionBand& band, float* y, const Volume& slab, float* x) {
  const ColumnGeometry geometry(slab, band);
  const auto lines = static_cast<std::int64_t>(band.views.size()) * band.columns;
  std::vector<ColumnPlane> planes(lines);
  ParallelFor(0, lines, [&](std::int64_t line) {
    const std::int64_t view = line / band.columns, column = line % band.columns;
    planes[line] = geometry.Plane(view, column);
    geometry.ScaleByLength(view, column, y + band.Offset(view, column));
  });
  // Rays whose main axis is x meet each plane x = j once, and write into that plane only: planes go
  // to threads. Then y. A few planes at a time, so that the lines' geometry is read from memory
  // less often.
  constexpr std::int64_t kPlanes = 8;
  for (const MainAxis main : {MainAxis::kX, MainAxis::kY}) {
    const std::int64_t count = main == MainAxis::kX ? slab.columns : slab.rows;
    ParallelFor(0, (count + kPlanes - 1) / kPlanes, [&](std::int64_t block) {
      scratch_line.Resize(slab.slices);
      for (std::int64_t line = 0; line < lines; ++line) {
        const ColumnPlane& column = planes[line];
        if (column.main != main) continue;
        const IndexRange met = Intersect(column.planes, {block * kPlanes, (block + 1) * kPlanes});
        for (std::int64_t plane = met.begin; plane < met.end; ++plane) {
          BackprojectColumn(slab, column, plane, band.rows, y + line * band.rows.size(), x);
        }
      }
    });
  }
}

}  // namespace tomoslab
