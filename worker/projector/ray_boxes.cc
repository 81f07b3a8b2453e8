#include "worker/projector/ray_boxes.h"

#include <algorithm>
#include <cmath>

#include "worker/projector/main_axis.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kBoxPlanes = 32, kFewestLaterals = 8, kMostLaterals = 64;

std::int64_t RoundUp(std::int64_t count, std::int64_t to) { return (count + to - 1) / to * to; }

/// [begin, end) in equal pieces of at most `most`.
std::vector<IndexRange> Cut(std::int64_t begin, std::int64_t end, std::int64_t most,
                            std::int64_t multiple) {
  const std::int64_t pieces = std::max<std::int64_t>(1, (end - begin + most - 1) / most);
  const std::int64_t side = std::min(most, RoundUp((end - begin + pieces - 1) / pieces, multiple));
  std::vector<IndexRange> result;
  for (std::int64_t i = begin; i < end; i += side) result.push_back({i, std::min(end, i + side)});
  return result;
}

std::int64_t LineLength(std::int64_t alongs) {
  return RoundUp(std::max<std::int64_t>(alongs, kShortestLine), 16);
}

/// Where the box and its panel meet the grid: for each line of voxels along z, visit(its first
/// voxel in the volume, its place in the panel, voxels, the panel's stride along z).
template <class Visit>
void ForLinesAlongZ(const VoxelGrid& grid, const VoxelBox& box, int beyond, const RayPanel& panel,
                    Visit&& visit) {
  std::array<IndexRange, 3> range;
  std::array<std::int64_t, 3> stride;
  const auto set = [&](int axis, IndexRange box_range, std::int64_t panel_stride) {
    range[axis] = box_range;
    stride[axis] = panel_stride;
  };
  set(box.roles.main, box.planes, panel.plane_stride);
  set(box.roles.lateral, {box.laterals.begin, box.laterals.end + beyond}, panel.lateral_stride);
  set(box.roles.along, {box.alongs.begin, box.alongs.end + beyond}, 1);
  std::array<IndexRange, 3> inside;
  for (int axis = 0; axis < 3; ++axis) inside[axis] = Intersect(range[axis], {0, grid.count[axis]});
  if (inside[2].empty()) return;
  for (std::int64_t y = inside[1].begin; y < inside[1].end; ++y) {
    for (std::int64_t x = inside[0].begin; x < inside[0].end; ++x) {
      visit(x * grid.stride[0] + y * grid.stride[1] + inside[2].begin,
            panel.samples + (x - range[0].begin) * stride[0] + (y - range[1].begin) * stride[1] +
                (inside[2].begin - range[2].begin) * stride[2],
            inside[2].size(), stride[2]);
    }
  }
}

}  // namespace

VoxelGrid::VoxelGrid(const Volume& slab)
    : count{slab.columns, slab.rows, slab.slices},
      stride{slab.slices, std::int64_t{slab.slices} * slab.columns, 1},
      origin(slab.VoxelCenter(0, 0, 0)),
      pitch{slab.voxel_width_mm, slab.voxel_width_mm, slab.voxel_height_mm} {}

std::array<double, 3> VoxelGrid::Position(Vec3 point) const { return Direction(point - origin); }

std::array<double, 3> VoxelGrid::Direction(Vec3 direction) const {
  return {direction.x / pitch[0], direction.y / pitch[1], direction.z / pitch[2]};
}

std::vector<VoxelBox> BoxesOf(const VoxelGrid& grid, AxisRoles roles, int before) {
  const std::int64_t beyond = before == 0 ? 0 : 1;
  const std::vector<IndexRange> alongs =
      Cut(before, grid.count[roles.along], kLongestSide - beyond, before == 0 ? 16 : 1);
  const std::int64_t length = LineLength(alongs.front().size() + beyond);
  const std::int64_t most =
      std::clamp(CachedFloats() / (kBoxPlanes * length) - beyond, kFewestLaterals, kMostLaterals);
  std::vector<VoxelBox> boxes;
  for (const IndexRange planes : Cut(0, grid.count[roles.main], kBoxPlanes, 1)) {
    for (const IndexRange lateral : Cut(before, grid.count[roles.lateral], most, 1)) {
      for (const IndexRange along : alongs) boxes.push_back({roles, planes, lateral, along});
    }
  }
  return boxes;
}

RayPanel PanelFor(const VoxelBox& box, int beyond, AlignedFloats& storage) {
  RayPanel panel;
  panel.planes = static_cast<int>(box.planes.size());
  panel.laterals = static_cast<int>(box.laterals.size());
  panel.alongs = static_cast<int>(box.alongs.size());
  panel.plane_stride = LineLength(panel.alongs + beyond);
  // A few cache lines more than a power of two: neighbours must not meet in the same cache set.
  panel.lateral_stride = panel.planes * panel.plane_stride + 48;
  panel.samples = storage.Resize((panel.laterals + beyond) * panel.lateral_stride);
  return panel;
}

void ClearPanel(int beyond, const RayPanel& panel) {
  std::fill_n(panel.samples, (panel.laterals + beyond) * panel.lateral_stride, 0.0f);
}

void CopyToPanel(const VoxelGrid& grid, const float* x, const VoxelBox& box,
                 const RayPanel& panel) {
  const auto inside = [&](int axis, IndexRange range) {
    return range.begin >= 0 && range.end < grid.count[axis];
  };
  if (!inside(box.roles.lateral, box.laterals) || !inside(box.roles.along, box.alongs)) {
    ClearPanel(1, panel);
  }
  ForLinesAlongZ(grid, box, 1, panel,
                 [&](std::int64_t offset, float* to, std::int64_t count, std::int64_t stride) {
                   const float* from = x + offset;
                   if (stride == 1) {
                     std::copy_n(from, count, to);
                   } else {
                     for (std::int64_t z = 0; z < count; ++z) to[z * stride] = from[z];
                   }
                 });
}

void AddFromPanel(const VoxelBox& box, const RayPanel& panel, const VoxelGrid& grid, float* x) {
  ForLinesAlongZ(
      grid, box, 0, panel,
      [&](std::int64_t offset, const float* from, std::int64_t count, std::int64_t stride) {
        for (std::int64_t z = 0; z < count; ++z) x[offset + z] += from[z * stride];
      });
}

RayLine DetectorLines::Line(std::int64_t view_index, std::int64_t line, AxisRoles roles) const {
  const View& view = band_.views[view_index];
  const bool cone = view.beam == Beam::kCone, rows = axis_ == LineAxis::kRows;
  const auto number = static_cast<double>(line);
  const Vec3 pixel = rows ? view.Pixel(0, number) : view.Pixel(number, 0);
  const auto position = grid_.Position(cone ? view.source : pixel),
             direction = grid_.Direction(cone ? pixel - view.source : -1.0 * view.source),
             step = grid_.Direction(rows ? view.row_step : view.column_step);
  RayLine result;
  const int axes[3] = {roles.main, roles.lateral, roles.along};
  for (int k = 0; k < 3; ++k) {
    result.origin[k] = position[axes[k]];
    result.direction[k] = direction[axes[k]];
    result.origin_step[k] = cone ? 0 : step[axes[k]];
    result.direction_step[k] = cone ? step[axes[k]] : 0;
    result.precedence[k] = kAxisPrecedence[axes[k]];
  }
  return result;
}

std::int64_t DetectorLines::Offset(std::int64_t view, std::int64_t line, std::int64_t ray) const {
  const bool rows = axis_ == LineAxis::kRows;
  return band_.Offset(view, rows ? line : ray) + (rows ? ray : line) - band_.rows.begin;
}

DetectorLines::Shadow DetectorLines::ShadowOf(std::int64_t view, const VoxelBox& box) const {
  double low_row = 1e300, high_row = -1e300, low_column = 1e300, high_column = -1e300;
  for (int corner = 0; corner < 8; ++corner) {
    double at[3];
    at[box.roles.main] =
        static_cast<double>((corner & 1) != 0 ? box.planes.end - 1 : box.planes.begin);
    at[box.roles.lateral] =
        static_cast<double>((corner & 2) != 0 ? box.laterals.end : box.laterals.begin - 1);
    at[box.roles.along] =
        static_cast<double>((corner & 4) != 0 ? box.alongs.end : box.alongs.begin - 1);
    const Vec3 point =
        grid_.origin + Vec3{at[0] * grid_.pitch[0], at[1] * grid_.pitch[1], at[2] * grid_.pitch[2]};
    const DetectorPoint pixel = ProjectPoint(band_.views[view], point);
    // Beside or behind the source: any ray may pass the box.
    if (!(pixel.depth > 0 && std::isfinite(pixel.row) && std::isfinite(pixel.column))) {
      return {lines(), rays()};
    }
    low_row = std::min(low_row, pixel.row);
    high_row = std::max(high_row, pixel.row);
    low_column = std::min(low_column, pixel.column);
    high_column = std::max(high_column, pixel.column);
  }
  const auto range = [](double low, double high, IndexRange all) -> IndexRange {
    const double begin = static_cast<double>(all.begin), end = static_cast<double>(all.end);
    return {static_cast<std::int64_t>(std::clamp(std::floor(low - 1e-3), begin, end)),
            static_cast<std::int64_t>(std::clamp(std::ceil(high + 1e-3) + 1, begin, end))};
  };
  const IndexRange rows = range(low_row, high_row, band_.rows),
                   columns = range(low_column, high_column, Columns());
  return axis_ == LineAxis::kRows ? Shadow{columns, rows} : Shadow{rows, columns};
}

RayLine From(const VoxelBox& box, RayLine line) {
  line.origin[0] -= static_cast<double>(box.planes.begin);
  line.origin[1] -= static_cast<double>(box.laterals.begin);
  line.origin[2] -= static_cast<double>(box.alongs.begin);
  return line;
}

}  // namespace tomoslab
