// Linear resampling between a line of samples and positions at a constant step: what one projector
// step does along z.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "worker/geometry/volume.h"

namespace tomoslab {

/// position(i) = start + i · step, in units of samples.
struct Positions {
  double start, step;
  double operator()(std::int64_t i) const { return start + static_cast<double>(i) * step; }
};

/// The k with position(i) = i + k for i in [0, count), to rounding: resampling is a shift. Pixels
/// as high as voxels in parallel beam.
inline std::optional<std::int64_t> WholeShift(Positions position, std::int64_t count) {
  constexpr double kRounding = 1e-9;
  const double shift = std::round(position.start);
  const double drift = std::abs(position.step - 1) * static_cast<double>(count);
  if (!(std::abs(position.start - shift) + drift < kRounding)) return std::nullopt;
  return static_cast<std::int64_t>(shift);
}

/// The i of [range) whose position lies inside (−1, count), where linear interpolation between
/// samples that are zero outside [0, count) is not zero.
inline IndexRange Inside(Positions position, std::int64_t count, IndexRange range) {
  const auto inside = [&](std::int64_t i) {
    return position(i) > -1 && position(i) < static_cast<double>(count);
  };
  if (position.step == 0) return inside(range.begin) ? range : IndexRange{range.begin, range.begin};
  double low = (-1 - position.start) / position.step,
         high = (static_cast<double>(count) - position.start) / position.step;
  if (low > high) std::swap(low, high);
  const double begin = static_cast<double>(range.begin), end = static_cast<double>(range.end);
  IndexRange result{static_cast<std::int64_t>(std::clamp(std::floor(low), begin, end)),
                    static_cast<std::int64_t>(std::clamp(std::ceil(high) + 1, begin, end))};
  while (!result.empty() && !inside(result.begin)) ++result.begin;
  while (!result.empty() && !inside(result.end - 1)) --result.end;
  return result;
}

/// Adds in[i] to the two samples beside position(i), i in [range): the transpose of linear
/// interpolation.   padded: sample k stands at [k + 1].
inline void Spread(const float* in, Positions position, IndexRange range, float* padded) {
  for (std::int64_t i = range.begin; i < range.end; ++i) {
    const double at = position(i) + 1;
    const auto k = static_cast<std::int32_t>(at);
    const auto f = static_cast<float>(at - k);
    const float second = f * in[i];
    padded[k] += in[i] - second;
    padded[k + 1] += second;
  }
}

}  // namespace tomoslab
