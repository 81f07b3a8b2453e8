// Lines of rays in a panel, as positions in fixed point. Compiled once per instruction set.
#if defined(TOMOSLAB_PROJECTOR_FIXED_RAYS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TOMOSLAB_PROJECTOR_FIXED_RAYS_INL_H_
#undef TOMOSLAB_PROJECTOR_FIXED_RAYS_INL_H_
#else
#define TOMOSLAB_PROJECTOR_FIXED_RAYS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "worker/projector/column_vectors-inl.h"
#include "worker/projector/ray_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {

using M = hn::Mask<D>;

/// sum + value where the mask is set.
HWY_INLINE V AddWhere(M mask, V value, V sum) {
#if HWY_TARGET == HWY_AVX3
  return V{_mm512_mask_add_ps(sum.raw, mask.raw, sum.raw, value.raw)};
#else
  return hn::Add(sum, hn::IfThenElseZero(mask, value));
#endif
}

/// Lane index of kTables vectors.
template <int kTables>
HWY_INLINE V LookupIn(const V* tables, VI index) {
  static_assert(kTables == 2 || kTables == 4);
  if constexpr (kTables == 2) {
    return Lookup(tables[0], tables[1], index);
  } else {
    return Lookup(tables, index);
  }
}

/// Positions are multiples of 2⁻²⁴ voxels, steps are added over this many planes at most: their
/// rounding stays below 3e-7 voxels.
constexpr int kPlanes = 16, kMiddle = kPlanes / 2;
constexpr double kOne = 0x1p24;
constexpr std::int32_t kFraction = (1 << 24) - 1;
/// A ray with a position further outside a panel than this does not reach it within kPlanes.
constexpr double kNearest = -18, kFarthest = kLongestSide + 18;
/// Where rays stand that touch nothing: no voxel's neighbour.
constexpr std::int32_t kNowhere = -3 * (1 << 24);
constexpr int kAlong = 2;  // axis of a line

/// Position of ray i at plane p of the panel: start[i] + p · slope[i].
struct Rays {
  alignas(64) double lateral[kRaysPerCall], lateral_slope[kRaysPerCall];
  alignas(64) double along[kRaysPerCall], along_slope[kRaysPerCall];
  alignas(64) std::int32_t used[kRaysPerCall];  // not 0: the ray has this main axis
  bool one_way;                                 // no two used rays run in opposite directions
};

inline void Describe(const RayLine& line, int first, int count, Rays& rays) {
  int forwards = 0, backwards = 0;
#pragma GCC ivdep
  for (int i = 0; i < count; ++i) {
    const double n = first + i;
    const double main = line.direction[0] + n * line.direction_step[0];
    const double lateral = line.direction[1] + n * line.direction_step[1];
    const double along = line.direction[2] + n * line.direction_step[2];
    const double plane = line.origin[0] + n * line.origin_step[0], inverse = 1 / main;
    rays.lateral_slope[i] = lateral * inverse;
    rays.along_slope[i] = along * inverse;
    rays.lateral[i] = line.origin[1] + n * line.origin_step[1] - plane * rays.lateral_slope[i];
    rays.along[i] = line.origin[2] + n * line.origin_step[2] - plane * rays.along_slope[i];
    const double size = std::abs(main) * line.precedence[0];
    const std::int32_t used = (size >= std::abs(lateral) * line.precedence[1]) &
                              (size >= std::abs(along) * line.precedence[2]);
    rays.used[i] = used;
    forwards |= used & (main > 0);
    backwards |= used & (main < 0);
  }
  rays.one_way = (forwards & backwards) == 0;
}

/// The same in fixed point, for kPlanes planes.
struct FixedRays {
  alignas(64) std::int32_t lateral[kRaysPerCall], along[kRaysPerCall];
  alignas(64) std::int32_t lateral_step[kRaysPerCall], along_step[kRaysPerCall];
};

/// Of the rays [begin, end), the first and the last that may touch the panel within kPlanes; none:
/// first > last.
struct Ends {
  int first, last;
  Ends(const FixedRays& fixed, int begin, int end) : first(begin), last(end - 1) {
    while (first <= last && fixed.along[first] == kNowhere) ++first;
    while (first <= last && fixed.along[last] == kNowhere) --last;
  }
  bool empty() const { return first > last; }
};

/// Rays [0, count) from plane `plane` on.
inline void Fix(const Rays& rays, int plane, int count, FixedRays& fixed) {
  const double p = plane;
  std::int32_t* HWY_RESTRICT out_lateral = fixed.lateral;
  std::int32_t* HWY_RESTRICT out_along = fixed.along;
#pragma GCC ivdep
  for (int i = 0; i < count; ++i) {
    const double lateral = rays.lateral[i] + p * rays.lateral_slope[i];
    const double along = rays.along[i] + p * rays.along_slope[i];
    const double lateral_end = lateral + (kPlanes - 1) * rays.lateral_slope[i];
    const double along_end = along + (kPlanes - 1) * rays.along_slope[i];
    const bool near = (rays.used[i] != 0) & (lateral > kNearest) & (lateral < kFarthest) &
                      (lateral_end > kNearest) & (lateral_end < kFarthest) & (along > kNearest) &
                      (along < kFarthest) & (along_end > kNearest) & (along_end < kFarthest);
    // The rounded step is right in the middle of the planes.
    const double lateral_step = std::floor(rays.lateral_slope[i] * kOne + 0.5);
    const double along_step = std::floor(rays.along_slope[i] * kOne + 0.5);
    const double lateral_start =
        (lateral + kMiddle * rays.lateral_slope[i]) * kOne - kMiddle * lateral_step;
    const double along_start =
        (along + kMiddle * rays.along_slope[i]) * kOne - kMiddle * along_step;
    out_lateral[i] = near ? static_cast<std::int32_t>(std::floor(lateral_start + 0.5)) : kNowhere;
    out_along[i] = near ? static_cast<std::int32_t>(std::floor(along_start + 0.5)) : kNowhere;
    fixed.lateral_step[i] = near ? static_cast<std::int32_t>(lateral_step) : 0;
    fixed.along_step[i] = near ? static_cast<std::int32_t>(along_step) : 0;
  }
}

/// A fixed-point position whose range over rays [first, last] is that of its ends: rays of a line
/// are in order.
struct Bounds {
  std::int32_t a, b, a_step, b_step;
  Bounds(const std::int32_t* position, const std::int32_t* step, Ends ends)
      : a(position[ends.first]),
        b(position[ends.last]),
        a_step(step[ends.first]),
        b_step(step[ends.last]) {}
  void Advance() {
    a += a_step;
    b += b_step;
  }
  // Rounding may put a ray between a little outside.
  int Lowest() const { return (std::min(a, b) - 64) >> 24; }
  int Highest() const { return (std::max(a, b) + 64) >> 24; }
  double Spread(int planes) const {
    const double now = static_cast<double>(b) - a, step = static_cast<double>(b_step) - a_step;
    return std::max(std::abs(now), std::abs(now + (planes - 1) * step)) / kOne;
  }
};

HWY_INLINE V FractionOf(VI position) {
  return hn::Mul(hn::ConvertTo(D(), hn::And(position, hn::Set(DI(), kFraction))),
                 hn::Set(D(), 0x1p-24f));
}

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#endif  // per target
