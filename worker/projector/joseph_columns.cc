#include "worker/projector/joseph_columns.h"

#include <cmath>

#include "worker/core/parallel.h"
#include "worker/projector/resample.h"

namespace tomoslab {
namespace {

enum class MainAxis { kX, kY };

/// Everything the rays of one detector column share. Positions are in voxels of the slab (0 =
/// centre of the first).
struct ColumnPlane {
  MainAxis main;
  double plane_origin,
      plane_step;  // t of the ray at voxel plane j = (j − plane_origin) · plane_step
  double lateral_origin, lateral_step;  // lateral position at t
  double row0, row_step;                // z of the pixel in row 0, and from row to row
  double source_z;                      // cone: z of the source
  bool cone;

  double T(std::int64_t plane) const {
    return (static_cast<double>(plane) - plane_origin) * plane_step;
  }
  double Lateral(double t) const { return lateral_origin + t * lateral_step; }
  /// z as a function of the detector row, at t.
  Positions Z(double t) const {
    if (!cone) return {row0, row_step};
    return {source_z + t * (row0 - source_z), t * row_step};
  }
};

class ColumnGeometry {
 public:
  ColumnGeometry(const Volume& slab, const ProjectionBand& band)
      : band_(band),
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
    return {.main = along_x ? MainAxis::kX : MainAxis::kY,
            .plane_origin = along_x ? px : py,
            .plane_step = 1 / (along_x ? dx : dy),
            .lateral_origin = along_x ? py : px,
            .lateral_step = along_x ? dy : dx,
            .row0 = (pixel.z - origin_.z) / height_,
            .row_step = view.row_step.z / height_,
            .source_z = (view.source.z - origin_.z) / height_,
            .cone = cone};
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
  ProjectionBand band_;
  Vec3 origin_;
  double width_, height_;
};

/// Two neighbouring voxel columns and their weights; a missing one (outside the volume) has offset
/// −1.
struct ColumnPair {
  std::int64_t offset[2];
  float weight[2];
  bool empty() const { return offset[0] < 0 && offset[1] < 0; }
};

ColumnPair PairAt(const Volume& slab, MainAxis main, std::int64_t plane, double lateral) {
  const std::int64_t count = main == MainAxis::kX ? slab.rows : slab.columns;
  ColumnPair pair{{-1, -1}, {0, 0}};
  if (!(lateral > -1 && lateral < static_cast<double>(count))) return pair;
  const auto first = static_cast<std::int64_t>(std::floor(lateral));
  const auto fraction = static_cast<float>(lateral - static_cast<double>(first));
  for (int side = 0; side < 2; ++side) {
    const std::int64_t across = first + side;
    if (across < 0 || across >= count) continue;
    const std::int64_t y = main == MainAxis::kX ? across : plane,
                       x = main == MainAxis::kX ? plane : across;
    pair.offset[side] = (y * slab.columns + x) * slab.slices;
    pair.weight[side] = side == 0 ? 1 - fraction : fraction;
  }
  return pair;
}

/// line[z] ← Σ weight · column[z], z in [range).
void Blend(const float* x, const ColumnPair& pair, IndexRange range, float* line) {
  const float* a = x + std::max<std::int64_t>(0, pair.offset[0]);
  const float* b = x + std::max<std::int64_t>(0, pair.offset[1]);
  const float wa = pair.weight[0], wb = pair.weight[1];
  for (std::int64_t z = range.begin; z < range.end; ++z) line[z] = wa * a[z] + wb * b[z];
}

/// column[z] += weight · line[z], z in [range).
void BlendTransposed(const float* line, const ColumnPair& pair, IndexRange range, float* x) {
  for (int side = 0; side < 2; ++side) {
    if (pair.offset[side] < 0) continue;
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

void ProjectColumn(const Volume& slab, const float* x, const ColumnPlane& geometry, IndexRange rows,
                   float* y) {
  const std::int64_t planes = geometry.main == MainAxis::kX ? slab.columns : slab.rows;
  float* samples = scratch_line.samples();
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    const double t = geometry.T(plane);
    const ColumnPair pair = PairAt(slab, geometry.main, plane, geometry.Lateral(t));
    if (pair.empty()) continue;
    const Positions z = geometry.Z(t);
    const IndexRange lit = Inside(z, slab.slices, rows);
    if (lit.empty()) continue;
    const IndexRange touched = Touched(z, slab.slices, lit);
    ZeroAround(touched, samples);
    Blend(x, pair, touched, samples);
    Gather(scratch_line.padded(), z, lit, y - rows.begin);
  }
}

void BackprojectColumn(const Volume& slab, const ColumnPlane& geometry, std::int64_t plane,
                       IndexRange rows, const float* y, float* x) {
  const double t = geometry.T(plane);
  const ColumnPair pair = PairAt(slab, geometry.main, plane, geometry.Lateral(t));
  if (pair.empty()) return;
  const Positions z = geometry.Z(t);
  const IndexRange lit = Inside(z, slab.slices, rows);
  if (lit.empty()) return;
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
  // to threads. Then y.
  for (const MainAxis main : {MainAxis::kX, MainAxis::kY}) {
    ParallelFor(0, main == MainAxis::kX ? slab.columns : slab.rows, [&](std::int64_t plane) {
      scratch_line.Resize(slab.slices);
      for (std::int64_t line = 0; line < lines; ++line) {
        if (planes[line].main != main) continue;
        BackprojectColumn(slab, planes[line], plane, band.rows, y + line * band.rows.size(), x);
      }
    });
  }
}

}  // namespace tomoslab
