#include "worker/plan/footprint_path.h"

#include <algorithm>
#include <cmath>

namespace tomoslab {

bool FootprintTakesColumns(const Volume& slab, const View& view, int columns) {
  if (!IsAxisAligned(view)) return false;
  // Half a pixel from the centre a ray may not leave the main axis by much more than 45 degrees.
  const double pixel = Norm(view.column_step);
  if (view.beam == Beam::kCone) {
    const Vec3 normal = Cross(view.column_step, view.row_step);
    const double distance = std::abs(Dot(view.corner - view.source, normal)) / Norm(normal);
    if (!(pixel <= 0.2 * distance)) return false;
  }
  double farthest = 0;
  for (int corner = 0; corner < 4; ++corner) {
    const Vec3 at =
        slab.VoxelCenter(corner % 2 * (slab.columns - 1.0), corner / 2 * (slab.rows - 1.0), 0);
    farthest = std::max(farthest, ProjectPoint(view, at).depth);
  }
  const double widest = 1.7 * pixel * farthest / slab.voxel_width_mm;  // across the diagonal
  return columns > 0 && widest + 4 <= kMostBeamColumns;
}

}  // namespace tomoslab
