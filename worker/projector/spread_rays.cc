#include "worker/projector/ray_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/projector/spread_rays.cc"
#include <hwy/foreach_target.h>  // compiles this file once per instruction set
// after foreach_target.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "worker/projector/fixed_rays-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {

/// How far the true ray numbers may lie from a line drawn over kLanes voxels, and how many rays
/// earlier than there the search begins.
constexpr double kBend = 0.3, kEarlier = 0.4;

/// How ray numbers grow along a line of voxels, around the rays between k = low and high.
struct Spacing {
  bool even = true;   // ray numbers grow, almost linearly over a vector
  double taps = 0;    // rays within one voxel of a voxel
  double window = 0;  // rays beside a vector of voxels

  void Include(const RayLine& line, double plane, double low, double high) {
    const RayNumber number_at(line, kAlong, plane);
    const auto slope = [&](double k) { return number_at(k + 0.5) - number_at(k - 0.5); };
    const double a = low - 1.5 - kLanes, b = high + 1.5 + kLanes;
    even = even && number_at.Denominator(a) * number_at.Denominator(b) > 0;
    taps = std::max({taps, 2 * slope(low - 0.5), 2 * slope(high + 0.5)});
    // The second derivative of a quotient of linear functions is −2 · slope · (its denominator's
    // step) / denominator.
    for (const double k : {a, b}) {
      const double bend =
          std::abs(slope(k) * number_at.DenominatorStep() / number_at.Denominator(k)) / 4 * kLanes *
          kLanes;
      even = even && slope(k) > 0 && bend < kBend;
      window = std::max(window, slope(k) * kLanes);
    }
  }
};

/// Places around an array of rays, so that every window of tables can be read.
constexpr int kPad = 4 * kLanes;

/// The rays of one plane, ready to be looked up: where they stand, and what they give to the
/// columns on their two sides.
struct PlaneOfRays {
  static constexpr int kRoom = kRaysPerCall + 2 * kPad;
  alignas(64) std::int32_t along_memory[kRoom], column_memory[kRoom];
  alignas(64) float left_memory[kRoom], right_memory[kRoom];
  std::int32_t *along = along_memory + kPad, *column = column_memory + kPad;
  float *left = left_memory + kPad, *right = right_memory + kPad;

  PlaneOfRays() {
    std::fill_n(along_memory, kRoom, kNowhere);
    std::fill_n(column_memory, kRoom, -2);
    std::fill_n(left_memory, kRoom, 0.0f);
    std::fill_n(right_memory, kRoom, 0.0f);
  }
};

/// Fills the plane from the rays, and moves these to the next plane.
void FillPlane(const float* values, int count, FixedRays& fixed, PlaneOfRays& plane) {
  const D d;
  const DI di;
  for (int v = 0; v < count; v += kLanes) {
    const VI lateral = hn::Load(di, fixed.lateral + v), along = hn::Load(di, fixed.along + v);
    const V value = hn::Load(d, values + v), right = hn::Mul(value, FractionOf(lateral));
    hn::Store(along, di, plane.along + v);
    hn::Store(hn::ShiftRight<24>(lateral), di, plane.column + v);
    hn::Store(right, d, plane.right + v);
    hn::Store(hn::Sub(value, right), d, plane.left + v);
    hn::Store(hn::Add(lateral, hn::Load(di, fixed.lateral_step + v)), di, fixed.lateral + v);
    hn::Store(hn::Add(along, hn::Load(di, fixed.along_step + v)), di, fixed.along + v);
  }
}

/// What a vector of voxels looks at: ray numbers from first on, `slope` more per voxel, and the
/// columns that these rays touch.
struct Window {
  double first, slope;
  int c_begin, c_end;
};

/// Adds to kLanes voxels from `voxel` on, in the columns of the window. `kTaps` rays at most touch
/// a voxel.
template <int kTaps, int kTables>
HWY_INLINE void SpreadVector(const PlaneOfRays& plane, const Window& window, int voxel,
                             std::int64_t lateral_stride, float* samples) {
  const D d;
  const DI di;
  const auto base = static_cast<int>(std::floor(window.first));
  const auto load = [&](const std::int32_t* from, V* tables) HWY_ATTR {
    for (int t = 0; t < kTables; ++t) {
      tables[t] = hn::BitCast(d, hn::LoadU(di, from + base + t * kLanes));
    }
  };
  V along[kTables], column[kTables], left[kTables], right[kTables];
  load(plane.along, along);
  load(plane.column, column);
  for (int t = 0; t < kTables; ++t) {
    left[t] = hn::LoadU(d, plane.left + base + t * kLanes);
    right[t] = hn::LoadU(d, plane.right + base + t * kLanes);
  }
  const VI next = hn::Set(di, 1);
  // (Highway 1.0 makes an Iota of integers in memory.)
  const VI k = hn::ShiftLeft<24>(hn::Add(hn::ConvertTo(di, Numbers()), hn::Set(di, voxel)));
  VI ray = Truncate(hn::MulAdd(Numbers(), hn::Set(d, static_cast<float>(window.slope)),
                               hn::Set(d, static_cast<float>(window.first - base))));
  // The first ray within one voxel: this or the next.
  const VI distance = hn::Sub(k, hn::BitCast(di, LookupIn<kTables>(along, ray)));
  ray = hn::Add(ray, hn::IfThenElseZero(hn::Gt(distance, hn::Set(di, kFraction)), next));
  VI at[kTaps];
  V to_left[kTaps], to_right[kTaps];
  for (int t = 0; t < kTaps; ++t) {
    const VI apart = hn::Abs(hn::Sub(k, hn::BitCast(di, LookupIn<kTables>(along, ray))));
    const V weight = hn::Max(hn::Zero(d), hn::NegMulAdd(hn::ConvertTo(d, apart),
                                                        hn::Set(d, 0x1p-24f), hn::Set(d, 1.0f)));
    at[t] = hn::BitCast(di, LookupIn<kTables>(column, ray));
    to_left[t] = hn::Mul(weight, LookupIn<kTables>(left, ray));
    to_right[t] = hn::Mul(weight, LookupIn<kTables>(right, ray));
    ray = hn::Add(ray, next);
  }
  float* HWY_RESTRICT out = samples + window.c_begin * lateral_stride + voxel;
  for (int c = window.c_begin; c < window.c_end; ++c, out += lateral_stride) {
    V sum = hn::LoadU(d, out);
    const VI here = hn::Set(di, c), before = hn::Set(di, c - 1);
    for (int t = 0; t < kTaps; ++t) {
      sum = AddWhere(hn::RebindMask(d, hn::Eq(at[t], here)), to_left[t], sum);
      sum = AddWhere(hn::RebindMask(d, hn::Eq(at[t], before)), to_right[t], sum);
    }
    hn::StoreU(sum, d, out);
  }
}

/// All rays of one plane. `first`: the line's number of the plane's ray 0; along: their range.
template <int kTaps, int kTables>
HWY_INLINE void SpreadPlane(const PlaneOfRays& plane, const RayNumber& number_at, int first,
                            const Bounds& along, Ends ends, const RayPanel& panel, float* samples) {
  const int begin = std::max(along.Lowest(), 0) / kLanes,
            end = std::min(along.Highest() + 1, panel.alongs - 1) / kLanes + 1;
  double above = number_at(begin * kLanes - 1) - first - kEarlier;
  for (int v = begin; v < end; ++v) {
    const double below = above;
    above = number_at((v + 1) * kLanes - 1) - first - kEarlier;
    // +1: from the last ray that does not reach the voxel to the first that does.
    Window window{below + 1, (above - below) / kLanes, 0, 0};
    if (!(window.first > -kTables * kLanes && window.first < ends.last + 1)) continue;
    const int low = std::clamp(static_cast<int>(below), ends.first, ends.last),
              high = std::clamp(static_cast<int>(above + kTaps + 2), ends.first, ends.last);
    const int a = plane.column[low], b = plane.column[high];
    window.c_begin = std::max(std::min(a, b), 0);
    window.c_end = std::min(std::max(a, b) + 2, panel.laterals);
    if (window.c_begin < window.c_end) {
      SpreadVector<kTaps, kTables>(plane, window, v * kLanes, panel.lateral_stride, samples);
    }
  }
}

/// Planes [plane, plane + planes) of the rays between `ends`.
template <int kTaps, int kTables>
void SpreadVectors(const RayPanel& panel, const RayLine& line, int first, int plane, int planes,
                   const float* values, Ends ends, FixedRays& fixed, PlaneOfRays* buffers) {
  const int count = (ends.last + kLanes) / kLanes * kLanes;
  Bounds along(fixed.along, fixed.along_step, ends),
      lateral(fixed.lateral, fixed.lateral_step, ends);
  float* samples = panel.samples + plane * panel.plane_stride;
  // A plane ahead: what was just stored in one order cannot be loaded in another without waiting.
  FillPlane(values, count, fixed, buffers[0]);
  for (int j = 0; j < planes; ++j, samples += panel.plane_stride) {
    FillPlane(values, count, fixed, buffers[(j + 1) % 2]);
    if (along.Highest() >= -1 && along.Lowest() < panel.alongs && lateral.Highest() >= -1 &&
        lateral.Lowest() < panel.laterals) {
      SpreadPlane<kTaps, kTables>(buffers[j % 2], RayNumber(line, kAlong, plane + j), first, along,
                                  ends, panel, samples);
    }
    along.Advance();
    lateral.Advance();
  }
}

/// Planes [begin, end) of one ray.
void SpreadRay(const RayPanel& panel, int begin, int end, const Rays& rays, int i, float value) {
  for (int j = begin; j < end; ++j) {
    const double lateral = rays.lateral[i] + j * rays.lateral_slope[i];
    const double along = rays.along[i] + j * rays.along_slope[i];
    if (!(lateral > -1 && lateral < panel.laterals && along > -1 && along < panel.alongs)) continue;
    const double c = std::floor(lateral), k = std::floor(along);
    const auto fc = static_cast<float>(lateral - c), fk = static_cast<float>(along - k);
    for (int corner = 0; corner < 4; ++corner) {
      const int dc = corner & 1, dk = corner >> 1;
      const int at_c = static_cast<int>(c) + dc, at_k = static_cast<int>(k) + dk;
      if (at_c < 0 || at_c >= panel.laterals || at_k < 0 || at_k >= panel.alongs) continue;
      panel.samples[at_c * panel.lateral_stride + j * panel.plane_stride + at_k] +=
          value * (dc == 1 ? fc : 1 - fc) * (dk == 1 ? fk : 1 - fk);
    }
  }
}

/// Ray i of the result is ray first + count − 1 − i of the line.
RayLine Reversed(const RayLine& line, int first, int count) {
  RayLine reversed = line;
  for (int axis = 0; axis < 3; ++axis) {
    const double last = first + count - 1;
    reversed.origin[axis] += last * line.origin_step[axis];
    reversed.direction[axis] += last * line.direction_step[axis];
    reversed.origin_step[axis] = -line.origin_step[axis];
    reversed.direction_step[axis] = -line.direction_step[axis];
  }
  return reversed;
}

void SpreadRays(const RayPanel& panel, const RayLine& line, int first, int count,
                const float* values) {
  Rays rays;
  Describe(line, first, count, rays);
  const double middle = panel.planes / 2;
  const double rise = rays.along[count - 1] - rays.along[0] +
                      middle * (rays.along_slope[count - 1] - rays.along_slope[0]);
  alignas(64) float used_values[kRaysPerCall];
  RayLine ascending = line;
  const bool descends = rise < 0;
  if (descends) {
    ascending = Reversed(line, first, count);
    first = 0;
    Describe(ascending, first, count, rays);
  }
  for (int i = 0; i < count; ++i) {
    used_values[i] = rays.used[i] != 0 ? values[descends ? count - 1 - i : i] : 0;
  }
  const int lanes = (count + kLanes - 1) / kLanes * kLanes;
  for (int i = count; i < lanes; ++i) {
    rays.used[i] = 0;
    used_values[i] = 0;
  }
  FixedRays fixed;
  PlaneOfRays buffers[2];
  for (int plane = 0; plane < panel.planes; plane += kPlanes) {
    const int planes = std::min(kPlanes, panel.planes - plane);
    Fix(rays, plane, lanes, fixed);
    const Ends ends(fixed, 0, count);
    if (ends.empty()) continue;
    Spacing spacing;
    for (const int j : {0, planes - 1}) {
      spacing.Include(ascending, plane + j,
                      (fixed.along[ends.first] + 1.0 * j * fixed.along_step[ends.first]) / kOne,
                      (fixed.along[ends.last] + 1.0 * j * fixed.along_step[ends.last]) / kOne);
    }
    const bool simple = rays.one_way && kLanes >= 4 && spacing.even;
    const auto fits = [&](int taps, int tables) {
      return spacing.taps - 1e-5 <= taps && spacing.window + taps + 3 <= tables * kLanes;
    };
    const auto spread = [&](auto kTaps, auto kTables) {
      SpreadVectors<kTaps, kTables>(panel, ascending, first, plane, planes, used_values, ends,
                                    fixed, buffers);
    };
    if (simple && fits(2, 2)) {
      spread(std::integral_constant<int, 2>(), std::integral_constant<int, 2>());
    } else if (simple && fits(3, 2)) {
      spread(std::integral_constant<int, 3>(), std::integral_constant<int, 2>());
    } else if (simple && fits(4, 4)) {
      spread(std::integral_constant<int, 4>(), std::integral_constant<int, 4>());
    } else if (simple && fits(8, 4)) {
      spread(std::integral_constant<int, 8>(), std::integral_constant<int, 4>());
    } else {
      for (int i = ends.first; i <= ends.last; ++i) {
        if (rays.used[i] != 0) SpreadRay(panel, plane, plane + planes, rays, i, used_values[i]);
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tomoslab {

HWY_EXPORT(SpreadRays);

void SpreadRays(const RayPanel& panel, const RayLine& line, int first, int count,
                const float* values) {
  HWY_DYNAMIC_DISPATCH(SpreadRays)(panel, line, first, count, values);
}

}  // namespace tomoslab
#endif  // HWY_ONCE
