// Which axis a ray steps along.
#pragma once

#include <array>
#include <cmath>

namespace tomoslab {

/// A ray's main axis is the one on which kAxisPrecedence · |direction|, in voxels, is largest: of
/// axes as good as each other the earlier, whatever the rounding of a ray at exactly 45°.
inline constexpr std::array<double, 3> kAxisPrecedence = {1 + 2e-9, 1 + 1e-9, 1};

/// direction: in voxels, along x, y, z.
inline int MainAxisOf(const std::array<double, 3>& direction) {
  int main = 0;
  for (int axis = 1; axis < 3; ++axis) {
    if (std::abs(direction[axis]) * kAxisPrecedence[axis] >
        std::abs(direction[main]) * kAxisPrecedence[main]) {
      main = axis;
    }
  }
  return main;
}

}  // namespace tomoslab
