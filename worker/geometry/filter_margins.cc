#include "worker/geometry/filter_margins.h"

#include <cmath>
#include <numbers>

#include "worker/geometry/view_spacing.h"

namespace tomoslab {

int MarginColumns(const Scan& scan) {
  if (!scan.orbit) return 0;
  const double axis = RotationAxisColumn(scan.detector, *scan.orbit);
  const double farther = std::abs(scan.detector.columns - 1 - 2 * axis);
  if (!(farther > 1) || farther >= scan.detector.columns) return 0;  // centred, or not on it
  if (!SpaceViews(scan.orbit->angle_rad, 2 * std::numbers::pi).closed) return 0;
  return static_cast<int>(std::ceil(farther));
}

}  // namespace tomoslab
