// A line of neighbouring rays as a box of voxels sees them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "worker/geometry/volume.h"

namespace tomoslab {

/// Rays through neighbouring pixels. Ray i runs through origin + i · origin_step along direction +
/// i · direction_step: voxels on three axes, the rays' main axis (whose planes they are sampled
/// in), the lateral axis, and the axis along which neighbouring rays follow each other.
struct RayLine {
  double origin[3], origin_step[3], direction[3], direction_step[3];
  /// Ray i belongs to this main axis where precedence · |direction| is largest there (main_axis.h).
  double precedence[3];
};

/// At which real number i a line's ray stands at position k on an axis (1 lateral, 2 along), at one
/// plane. Seen from a source the rays are points of a straight line: i is a quotient of two linear
/// functions of k.
class RayNumber {
 public:
  RayNumber(const RayLine& line, int axis, double plane)
      : main_(line.direction[0]),
        main_step_(line.direction_step[0]),
        origin_(line.origin[axis]),
        numerator_((plane - line.origin[0]) * line.direction[axis]),
        denominator_(line.origin_step[0] * line.direction[axis] -
                     line.origin_step[axis] * line.direction[0] -
                     (plane - line.origin[0]) * line.direction_step[axis]) {}

  double Denominator(double k) const { return (k - origin_) * main_step_ + denominator_; }
  double operator()(double k) const {
    return (numerator_ - (k - origin_) * main_) / Denominator(k);
  }
  /// Change of Denominator per voxel.
  double DenominatorStep() const { return main_step_; }

 private:
  double main_, main_step_, origin_, numerator_, denominator_;
};

/// The rays of [range) that stand between `low` and `high` on an axis somewhere on planes 0 …
/// planes − 1; none left out, a few more at the ends.
inline IndexRange RaysBetween(const RayLine& line, int axis, int planes, double low, double high,
                              IndexRange range) {
  const RayNumber near(line, axis, 0), far(line, axis, planes - 1);
  const double a = near(low), b = near(high), c = far(low), d = far(high);
  // Through the source's plane, or in opposite orders at the ends: any ray may pass.
  if (!(near.Denominator(low) * near.Denominator(high) > 0 &&
        far.Denominator(low) * far.Denominator(high) > 0 && (b - a) * (d - c) > 0)) {
    return range;
  }
  const double begin = static_cast<double>(range.begin), end = static_cast<double>(range.end);
  return {static_cast<std::int64_t>(std::clamp(std::floor(std::min({a, b, c, d})) - 1, begin, end)),
          static_cast<std::int64_t>(std::clamp(std::ceil(std::max({a, b, c, d})) + 2, begin, end))};
}

}  // namespace tomoslab
