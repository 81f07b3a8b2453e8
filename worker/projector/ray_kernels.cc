#include "worker/projector/ray_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/projector/ray_kernels.cc"
#include <hwy/foreach_target.h>  // compiles this file once per instruction set
// after foreach_target.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "worker/projector/table_lookup-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {

/// Positions are multiples of 2⁻²⁴ voxels, steps are added over this many planes at most: their
/// rounding stays below 5e-7 voxels.
constexpr int kPlanes = 16;
constexpr double kOne = 0x1p24;
constexpr std::int32_t kFraction = (1 << 24) - 1;
/// A ray with a position further outside a panel than this does not reach it within kPlanes.
constexpr double kNearest = -18, kFarthest = kLongestSide + 18;
/// Where rays stand that touch nothing: no voxel's neighbour.
constexpr std::int32_t kNowhere = -3 * (1 << 24);
/// Rays around an array of rays, so that every window of tables can be read.
constexpr int kPad = 4 * kLanes;
constexpr int kAlong = 2;  // axis of a line

/// Position of ray i at plane p of the panel: start[i] + p · slope[i].
struct Rays {
  alignas(64) double lateral[kRaysPerCall], lateral_slope[kRaysPerCall];
  alignas(64) double along[kRaysPerCall], along_slope[kRaysPerCall];
  alignas(64) std::int32_t used[kRaysPerCall];  // not 0: the ray has this main axis
  bool one_way;                                 // no two used rays run in opposite directions
};

void Describe(const RayLine& line, int first, int count, Rays& rays) {
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
  static constexpr int kRoom = kRaysPerCall + 2 * kPad;
  alignas(64) std::int32_t lateral_memory[kRoom], along_memory[kRoom];
  alignas(64) std::int32_t lateral_step[kRaysPerCall], along_step[kRaysPerCall];
  std::int32_t *lateral = lateral_memory + kPad, *along = along_memory + kPad;
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
void Fix(const Rays& rays, int plane, int count, FixedRays& fixed) {
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
    out_lateral[i] = near ? static_cast<std::int32_t>(std::floor(lateral * kOne + 0.5)) : kNowhere;
    out_along[i] = near ? static_cast<std::int32_t>(std::floor(along * kOne + 0.5)) : kNowhere;
    fixed.lateral_step[i] =
        near ? static_cast<std::int32_t>(std::floor(rays.lateral_slope[i] * kOne + 0.5)) : 0;
    fixed.along_step[i] =
        near ? static_cast<std::int32_t>(std::floor(rays.along_slope[i] * kOne + 0.5)) : 0;
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
    return std::max(std::abs(b - a), std::abs(b - a + (planes - 1) * (b_step - a_step))) / kOne;
  }
};

// ---- forward ----

HWY_INLINE V FractionOf(VI position) {
  return hn::Mul(hn::ConvertTo(D(), hn::And(position, hn::Set(DI(), kFraction))),
                 hn::Set(D(), 0x1p-24f));
}

/// One vector of rays, from ray `v` on, through `planes` planes; returns the sums.
template <int kTables>
V AddVector(const RayPanel& panel, int plane, int planes, int v, const FixedRays& fixed,
            Bounds lateral_bounds, Bounds along_bounds) {
  const D d;
  const DI di;
  VI lateral = hn::Load(di, fixed.lateral + v), along = hn::Load(di, fixed.along + v);
  const VI lateral_step = hn::Load(di, fixed.lateral_step + v),
           along_step = hn::Load(di, fixed.along_step + v);
  const float* HWY_RESTRICT samples = panel.samples + plane * panel.plane_stride;
  const int last_table = std::max(panel.alongs + 1, kShortestLine) - kTables * kLanes;
  V sum = hn::Zero(d);
  for (int j = 0; j < planes; ++j, samples += panel.plane_stride) {
    const int lowest = along_bounds.Lowest(), highest = along_bounds.Highest();
    const int c_begin = std::max(lateral_bounds.Lowest(), 0),
              c_last = std::min(lateral_bounds.Highest(), panel.laterals - 1);
    if (highest >= 0 && lowest < panel.alongs && c_begin <= c_last) {
      VI column = hn::ShiftRight<24>(lateral);
      const VI sample = hn::ShiftRight<24>(along);
      if (lowest < 0 || highest >= panel.alongs) {
        const auto inside =
            hn::And(hn::Gt(sample, hn::Set(di, -1)), hn::Lt(sample, hn::Set(di, panel.alongs)));
        column = hn::IfThenElse(inside, column, hn::Set(di, -2));
      }
      const int table = std::clamp(lowest, 0, last_table);
      const VI k = hn::Sub(sample, hn::Set(di, table));
      const TableIndex<kTables> below(k), above(hn::Add(k, hn::Set(di, 1)));
      const V fraction = FractionOf(along);
      const float* HWY_RESTRICT at = samples + c_begin * panel.lateral_stride + table;
      const auto resample = [&]() HWY_ATTR {
        V tables[kTables];
        for (int t = 0; t < kTables; ++t) tables[t] = hn::LoadU(d, at + t * kLanes);
        at += panel.lateral_stride;
        const V lower = below.In(tables), upper = above.In(tables);
        return hn::MulAdd(fraction, hn::Sub(upper, lower), lower);
      };
      const auto where = [&](int c)
                             HWY_ATTR { return hn::RebindMask(d, hn::Eq(column, hn::Set(di, c))); };
      M here = where(c_begin);
      V left = hn::IfThenElseZero(here, resample()), right = hn::Zero(d);
      for (int c = c_begin + 1; c <= c_last; ++c) {
        const V value = resample();
        right = hn::IfThenElse(here, value, right);
        here = where(c);
        left = hn::IfThenElse(here, value, left);
      }
      right = hn::IfThenElse(here, resample(), right);
      sum = hn::Add(sum, hn::MulAdd(FractionOf(lateral), hn::Sub(right, left), left));
    }
    lateral = hn::Add(lateral, lateral_step);
    along = hn::Add(along, along_step);
    lateral_bounds.Advance();
    along_bounds.Advance();
  }
  return sum;
}

/// Planes [begin, end) of one ray, for lines too sparse or too irregular for a vector.
float AddRay(const RayPanel& panel, int begin, int end, const Rays& rays, int i) {
  float sum = 0;
  for (int j = begin; j < end; ++j) {
    const double lateral = rays.lateral[i] + j * rays.lateral_slope[i];
    const double along = rays.along[i] + j * rays.along_slope[i];
    if (!(lateral >= 0 && lateral < panel.laterals && along >= 0 && along < panel.alongs)) continue;
    const auto c = static_cast<int>(lateral), k = static_cast<int>(along);
    const auto fc = static_cast<float>(lateral - c), fk = static_cast<float>(along - k);
    const float* a = panel.samples + c * panel.lateral_stride + j * panel.plane_stride + k;
    const float* b = a + panel.lateral_stride;
    const float left = a[0] + fk * (a[1] - a[0]), right = b[0] + fk * (b[1] - b[0]);
    sum += left + fc * (right - left);
  }
  return sum;
}

void AddRays(const RayPanel& panel, const RayLine& line, int first, int count, float* sums) {
  const D d;
  Rays rays;
  FixedRays fixed;
  Describe(line, first, count, rays);
  alignas(64) float result[16] = {};
  for (int plane = 0; plane < panel.planes; plane += kPlanes) {
    const int planes = std::min(kPlanes, panel.planes - plane);
    const int lanes = (count + kLanes - 1) / kLanes * kLanes;
    for (int i = count; i < lanes; ++i) rays.used[i] = 0;
    Fix(rays, plane, lanes, fixed);
    for (int v = 0; v < count; v += kLanes) {
      const Ends ends(fixed, v, v + kLanes);
      if (ends.empty()) continue;
      const Bounds lateral(fixed.lateral, fixed.lateral_step, ends),
          along(fixed.along, fixed.along_step, ends);
      const double tables = (along.Spread(planes) + 3) / kLanes;
      if (!rays.one_way || kLanes < 4 || tables > 4) {
        for (int i = ends.first; i <= ends.last; ++i) {
          if (rays.used[i] != 0) result[i] += AddRay(panel, plane, plane + planes, rays, i);
        }
        continue;
      }
      const V sum = tables <= 2 ? AddVector<2>(panel, plane, planes, v, fixed, lateral, along)
                                : AddVector<4>(panel, plane, planes, v, fixed, lateral, along);
      hn::Store(hn::Add(hn::Load(d, result + v), sum), d, result + v);
    }
  }
  for (int i = 0; i < count; ++i) sums[i] += result[i];
}

// ---- back ----

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

/// The rays of one plane, ready to be looked up.
struct PlaneOfRays {
  static constexpr int kRoom = FixedRays::kRoom;
  alignas(64) std::int32_t column_memory[kRoom];
  alignas(64) float left_memory[kRoom], right_memory[kRoom];
  std::int32_t* column = column_memory + kPad;
  float *left = left_memory + kPad, *right = right_memory + kPad;

  PlaneOfRays() {
    std::fill_n(column_memory, kRoom, -2);
    std::fill_n(left_memory, kRoom, 0.0f);
    std::fill_n(right_memory, kRoom, 0.0f);
  }
};

/// Splits the values between the two columns beside each ray, then moves the rays to the next
/// plane.
void FillPlane(const float* values, int count, FixedRays& fixed, PlaneOfRays& plane) {
  const D d;
  const DI di;
  for (int v = 0; v < count; v += kLanes) {
    const VI lateral = hn::Load(di, fixed.lateral + v);
    const V value = hn::Load(d, values + v), right = hn::Mul(value, FractionOf(lateral));
    hn::Store(hn::ShiftRight<24>(lateral), di, plane.column + v);
    hn::Store(right, d, plane.right + v);
    hn::Store(hn::Sub(value, right), d, plane.left + v);
  }
}

void Advance(int count, FixedRays& fixed) {
  const DI di;
  for (int v = 0; v < count; v += kLanes) {
    hn::Store(hn::Add(hn::Load(di, fixed.lateral + v), hn::Load(di, fixed.lateral_step + v)), di,
              fixed.lateral + v);
    hn::Store(hn::Add(hn::Load(di, fixed.along + v), hn::Load(di, fixed.along_step + v)), di,
              fixed.along + v);
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
HWY_INLINE void SpreadVector(const FixedRays& fixed, const PlaneOfRays& plane, const Window& window,
                             int voxel, std::int64_t lateral_stride, float* samples) {
  const D d;
  const DI di;
  const auto base = static_cast<int>(std::floor(window.first));
  const auto load = [&](const std::int32_t* from, V* tables) HWY_ATTR {
    for (int t = 0; t < kTables; ++t) {
      tables[t] = hn::BitCast(d, hn::LoadU(di, from + base + t * kLanes));
    }
  };
  V along[kTables], column[kTables], left[kTables], right[kTables];
  load(fixed.along, along);
  load(plane.column, column);
  for (int t = 0; t < kTables; ++t) {
    left[t] = hn::LoadU(d, plane.left + base + t * kLanes);
    right[t] = hn::LoadU(d, plane.right + base + t * kLanes);
  }
  const VI next = hn::Set(di, 1);
  const VI k = hn::ShiftLeft<24>(hn::Iota(di, voxel));
  VI ray = Truncate(hn::MulAdd(hn::Iota(d, 0.0f), hn::Set(d, static_cast<float>(window.slope)),
                               hn::Set(d, static_cast<float>(window.first - base))));
  // The first ray within one voxel: this or the next.
  const VI distance = hn::Sub(k, hn::BitCast(di, TableIndex<kTables>(ray).In(along)));
  ray = hn::Add(ray, hn::IfThenElseZero(hn::Gt(distance, hn::Set(di, kFraction)), next));
  VI at[kTaps];
  V to_left[kTaps], to_right[kTaps];
  M before[kTaps];
  const VI first_neighbour = hn::Set(di, window.c_begin - 1);
  for (int t = 0; t < kTaps; ++t) {
    const TableIndex<kTables> index(ray);
    const VI apart = hn::Abs(hn::Sub(k, hn::BitCast(di, index.In(along))));
    const V weight = hn::Max(hn::Zero(d), hn::NegMulAdd(hn::ConvertTo(d, apart),
                                                        hn::Set(d, 0x1p-24f), hn::Set(d, 1.0f)));
    at[t] = hn::BitCast(di, index.In(column));
    to_left[t] = hn::Mul(weight, index.In(left));
    to_right[t] = hn::Mul(weight, index.In(right));
    before[t] = hn::RebindMask(d, hn::Eq(at[t], first_neighbour));
    ray = hn::Add(ray, next);
  }
  float* HWY_RESTRICT out = samples + window.c_begin * lateral_stride + voxel;
  for (int c = window.c_begin; c < window.c_end; ++c, out += lateral_stride) {
    V sum = hn::LoadU(d, out);
    const VI number = hn::Set(di, c);
    for (int t = 0; t < kTaps; ++t) {
      const M here = hn::RebindMask(d, hn::Eq(at[t], number));
      sum = AddWhere(before[t], to_right[t], AddWhere(here, to_left[t], sum));
      before[t] = here;
    }
    hn::StoreU(sum, d, out);
  }
}

/// Planes [plane, plane + planes) of the rays between `ends`.
template <int kTaps, int kTables>
void SpreadVectors(const RayPanel& panel, const RayLine& line, int first, int plane, int planes,
                   const float* values, Ends ends, FixedRays& fixed, PlaneOfRays& at_plane) {
  const int count = (ends.last + kLanes) / kLanes * kLanes;
  Bounds along(fixed.along, fixed.along_step, ends);
  float* samples = panel.samples + plane * panel.plane_stride;
  for (int j = 0; j < planes; ++j, samples += panel.plane_stride, along.Advance()) {
    const int begin = std::max(along.Lowest(), 0) / kLanes,
              end = std::min(along.Highest() + 1, panel.alongs - 1) / kLanes + 1;
    if (along.Highest() >= -1 && begin < end) {
      FillPlane(values, count, fixed, at_plane);
      const RayNumber number_at(line, kAlong, plane + j);
      double above = number_at(begin * kLanes - 1) - first - kEarlier;
      for (int v = begin; v < end; ++v) {
        const double below = above;
        above = number_at((v + 1) * kLanes - 1) - first - kEarlier;
        // +1: from the last ray that does not reach the voxel to the first that does.
        Window window{below + 1, (above - below) / kLanes, 0, 0};
        if (!(window.first > -kTables * kLanes && window.first < ends.last + 1)) continue;
        const int low = std::clamp(static_cast<int>(below), ends.first, ends.last),
                  high = std::clamp(static_cast<int>(above + kTaps + 2), ends.first, ends.last);
        const std::int32_t a = fixed.lateral[low], b = fixed.lateral[high];
        window.c_begin = std::max((std::min(a, b) - 64) >> 24, 0);
        window.c_end = std::min(((std::max(a, b) + 64) >> 24) + 2, panel.laterals);
        if (window.c_begin < window.c_end) {
          SpreadVector<kTaps, kTables>(fixed, at_plane, window, v * kLanes, panel.lateral_stride,
                                       samples);
        }
      }
    }
    Advance(count, fixed);
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
  std::fill_n(fixed.along_memory, FixedRays::kRoom, kNowhere);
  PlaneOfRays at_plane;
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
                                    fixed, at_plane);
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

// ---- per ray ----

/// visit(i, whether the ray's main axis is z, |direction| in mm, |direction| on the main axis).
template <class Visit>
HWY_INLINE void ForLengths(const RayLine& line, const double* pitch_mm, int first, int count,
                           Visit&& visit) {
#pragma GCC ivdep
  for (int i = 0; i < count; ++i) {
    const double n = first + i;
    const double x = line.direction[0] + n * line.direction_step[0];
    const double y = line.direction[1] + n * line.direction_step[1];
    const double z = line.direction[2] + n * line.direction_step[2];
    const double first_two =
        std::max(std::abs(x) * line.precedence[0], std::abs(y) * line.precedence[1]);
    const double last = std::abs(z) * line.precedence[2];
    const double x_mm = x * pitch_mm[0], y_mm = y * pitch_mm[1], z_mm = z * pitch_mm[2];
    // Precedences differ from 1 by 1e-9: no matter for a length.
    visit(i, last > first_two, std::sqrt(x_mm * x_mm + y_mm * y_mm + z_mm * z_mm),
          std::max(first_two, last));
  }
}

void ScaleByLength(const RayLine& line, const double* pitch_mm, RaySet set, int first, int count,
                   float* HWY_RESTRICT y) {
  const bool all = set == RaySet::kAll;
  ForLengths(line, pitch_mm, first, count,
             [=](int i, bool along_z, double length, double main) HWY_ATTR {
               const auto scale = static_cast<float>(length / main);
               y[i] *= all | along_z ? scale : 1.0f;
             });
}

void ClearRays(const RayLine& line, RaySet set, int first, int count, float* HWY_RESTRICT y) {
  const bool all = set == RaySet::kAll;
  const double pitch[3] = {1, 1, 1};
  ForLengths(line, pitch, first, count, [=](int i, bool along_z, double, double) HWY_ATTR {
    y[i] = all | along_z ? 0.0f : y[i];
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tomoslab {

HWY_EXPORT(AddRays);
HWY_EXPORT(SpreadRays);
HWY_EXPORT(ScaleByLength);
HWY_EXPORT(ClearRays);

void AddRays(const RayPanel& panel, const RayLine& line, int first, int count, float* sums) {
  HWY_DYNAMIC_DISPATCH(AddRays)(panel, line, first, count, sums);
}
void SpreadRays(const RayPanel& panel, const RayLine& line, int first, int count,
                const float* values) {
  HWY_DYNAMIC_DISPATCH(SpreadRays)(panel, line, first, count, values);
}
void ScaleByLength(const RayLine& line, const std::array<double, 3>& pitch_mm, RaySet set,
                   int first, int count, float* y) {
  HWY_DYNAMIC_DISPATCH(ScaleByLength)(line, pitch_mm.data(), set, first, count, y);
}
void ClearRays(const RayLine& line, RaySet set, int first, int count, float* y) {
  HWY_DYNAMIC_DISPATCH(ClearRays)(line, set, first, count, y);
}

}  // namespace tomoslab
#endif  // HWY_ONCE
