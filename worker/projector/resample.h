// Linear resampling between a line of samples and positions at a constant step: what one projector
// step does along z.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "worker/geometry/volume.h"

namespace tomoslab {

/// position(i) = start + i · step, in units of samples.
struct Positions {
  double start, step;
  double operator()(std::int64_t i) const { return start + static_cast<double>(i) * step; }
};

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

/// A line of samples with a zero before and after it: sample k stands at [k + 1].
class PaddedLine {
 public:
  void Resize(std::int64_t count) { values_.assign(count + 3, 0.0f); }
  float* samples() { return values_.data() + 1; }
  float* padded() { return values_.data(); }

 private:
  std::vector<float> values_;
};

/// The samples [begin, end) that positions of [range) touch, within [0, count).
inline IndexRange Touched(Positions position, std::int64_t count, IndexRange range) {
  const double a = position(range.begin), b = position(range.end - 1);
  return Intersect({static_cast<std::int64_t>(std::floor(std::min(a, b))),
                    static_cast<std::int64_t>(std::floor(std::max(a, b))) + 2},
                   {0, count});
}

/// out[i] += line(position(i)), i in [range).  padded: PaddedLine::padded().
inline void Gather(const float* padded, Positions position, IndexRange range, float* out) {
  for (std::int64_t i = range.begin; i < range.end; ++i) {
    const double at = position(i) + 1;
    const auto k = static_cast<std::int32_t>(at);
    const auto f = static_cast<float>(at - k);
    out[i] += padded[k] + f * (padded[k + 1] - padded[k]);
  }
}

/// The transpose: adds in[i] to the two samples beside position(i).
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
