// Boxes of voxels that fit in a core's cache, as the general ray projector sees them: axes named
// after their part in a ray's walk, boxes copied to panels, rays of a view that meet a box.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "worker/projector/column_tiles.h"
#include "worker/projector/joseph.h"
#include "worker/projector/ray_kernels.h"

namespace tomoslab {

/// The voxels of a slab [y][x][z], axes 0 = x, 1 = y, 2 = z.
struct VoxelGrid {
  explicit VoxelGrid(const Volume& slab);
  /// A point or a direction (mm) in voxels; 0 = centre of the first voxel.
  std::array<double, 3> Position(Vec3 point) const;
  std::array<double, 3> Direction(Vec3 direction) const;

  std::array<std::int64_t, 3> count, stride;
  Vec3 origin;
  std::array<double, 3> pitch;
};

/// Which axis is the rays' main one, which the one that neighbouring rays of a line follow, and
/// which is left.
struct AxisRoles {
  int main, lateral, along;
  friend bool operator==(const AxisRoles&, const AxisRoles&) = default;
};

/// Main axis x, lateral y, along z: a line on its own axes.
inline constexpr AxisRoles kNaturalRoles{0, 1, 2};

/// Voxels [range) on the axes main, lateral, along.
struct VoxelBox {
  AxisRoles roles;
  IndexRange planes, laterals, alongs;
};

/// A grid cut into boxes that fit in the cache. `before`: where the first box begins on the lateral
/// and the along axis, 0 or −1.
std::vector<VoxelBox> BoxesOf(const VoxelGrid& grid, AxisRoles roles, int before);

/// Panel for a box and, if `beyond` is 1, the voxels after its last on the lateral and along axis.
RayPanel PanelFor(const VoxelBox& box, int beyond, AlignedFloats& storage);
/// panel ← 0.
void ClearPanel(int beyond, const RayPanel& panel);
/// panel ← x, with zeros outside the grid.
void CopyToPanel(const VoxelGrid& grid, const float* x, const VoxelBox& box, const RayPanel& panel);
/// x ← x + panel.
void AddFromPanel(const VoxelBox& box, const RayPanel& panel, const VoxelGrid& grid, float* x);

/// Along which of the detector's axes rays are taken together.
enum class LineAxis { kRows, kColumns };  // a line runs along row_step; along column_step

/// The pixels of a band as lines of neighbouring rays.
class DetectorLines {
 public:
  DetectorLines(const VoxelGrid& grid, const ProjectionBand& band, LineAxis axis)
      : grid_(grid), band_(band), axis_(axis) {}

  std::int64_t views() const { return static_cast<std::int64_t>(band_.views.size()); }
  /// Lines of a view, rays of a line.
  IndexRange lines() const { return axis_ == LineAxis::kRows ? Columns() : band_.rows; }
  IndexRange rays() const { return axis_ == LineAxis::kRows ? band_.rows : Columns(); }
  /// From a ray to the next, in the band's numbers.
  std::int64_t ray_stride() const { return axis_ == LineAxis::kRows ? 1 : band_.rows.size(); }
  std::int64_t Offset(std::int64_t view, std::int64_t line, std::int64_t ray) const;
  /// Ray i is the line's ray number i (not counted from rays().begin); voxels of the grid, on the
  /// roles' axes.
  RayLine Line(std::int64_t view, std::int64_t line, AxisRoles roles) const;
  /// The lines and rays that can meet samples between the box's voxels low … high, none left out.
  struct Shadow {
    IndexRange lines, rays;
    bool empty() const { return lines.empty() || rays.empty(); }
  };
  Shadow ShadowOf(std::int64_t view, const VoxelBox& box) const;

 private:
  IndexRange Columns() const { return {0, band_.columns}; }

  const VoxelGrid& grid_;
  const ProjectionBand& band_;
  LineAxis axis_;
};

/// The line as seen from a box: voxels counted from the box's first.
RayLine From(const VoxelBox& box, RayLine line);

}  // namespace tomoslab
