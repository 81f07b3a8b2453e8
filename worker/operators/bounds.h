// The box on the attenuation of every voxel.
#pragma once

#include <limits>

namespace tomoslab {

/// lower ≤ x ≤ upper, 1/mm. The default is no bound at all.
struct Bounds {
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

}  // namespace tomoslab
