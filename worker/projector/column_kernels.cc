#include "worker/projector/column_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/projector/column_kernels.cc"
#include <hwy/foreach_target.h>  // compiles this file once per instruction set
// after foreach_target.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "worker/projector/resample.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using DI = hn::RebindToSigned<D>;
using V = hn::Vec<D>;
using VI = hn::Vec<DI>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));
constexpr int kSteps = ColumnSteps::kCapacity;

// What Highway 1.0 lacks: a truncation without care for overflow, and a lookup in two vectors.
HWY_INLINE VI Truncate(V v) {
#if HWY_TARGET == HWY_AVX3
  return VI{_mm512_cvttps_epi32(v.raw)};
#elif HWY_TARGET == HWY_AVX2
  return VI{_mm256_cvttps_epi32(v.raw)};
#else
  return hn::ConvertTo(DI(), v);
#endif
}

/// Lane index mod 2 kLanes of (first, second).
HWY_INLINE V Lookup(V first, V second, VI index) {
#if HWY_TARGET == HWY_AVX3
  return V{_mm512_permutex2var_ps(first.raw, index.raw, second.raw)};
#else
  constexpr int kShift = kLanes == 8 ? 28 : kLanes == 4 ? 29 : 31;
  static_assert(kLanes == 8 || kLanes == 4 || kLanes == 1);
  const auto lane =
      hn::IndicesFromVec(D(), hn::And(index, hn::Set(DI(), std::int32_t{kLanes - 1})));
  VI in_second = hn::ShiftLeft<kShift>(index);
#if HWY_TARGET != HWY_AVX2
  // Not every IfThenElse looks at the sign alone (SSSE3).
  in_second = hn::BroadcastSignBit(in_second);
#endif
  return hn::IfThenElse(hn::MaskFromVec(hn::BitCast(D(), in_second)),
                        hn::TableLookupLanes(second, lane), hn::TableLookupLanes(first, lane));
#endif
}

/// Lane index mod 4 kLanes of four vectors.
HWY_INLINE V Lookup(const V* tables, VI index) {
  constexpr int kShift = kLanes == 16 ? 26 : kLanes == 8 ? 27 : kLanes == 4 ? 28 : 30;
  const VI in_second = hn::BroadcastSignBit(hn::ShiftLeft<kShift>(index));
  return hn::IfThenElse(hn::MaskFromVec(hn::BitCast(D(), in_second)),
                        Lookup(tables[2], tables[3], index), Lookup(tables[0], tables[1], index));
}

/// 0, 1, 2, …: an output's number in its vector.
HWY_INLINE V Numbers() { return hn::Iota(D(), 0.0f); }

/// Vectors of outputs in a group, at most.
constexpr int kMostVectors = 4;

/// Steps [begin, begin + count) as one group of outputs sees them: where its tables begin, and its
/// position in them.
struct Group {
  int count;
  const std::int32_t* offset;
  const float *low, *high;
  alignas(64) std::int32_t at[kSteps];
  /// Of vector j's first output in vector j's own tables: small numbers, whose fractions float32
  /// keeps.
  alignas(64) float position[kMostVectors][kSteps], position_rest[kMostVectors][kSteps];
  alignas(64) float step[kSteps], step_rest[kSteps], size[kSteps];
};

/// A position as a multiple of 2⁻¹⁸, of which float32 holds all up to 32 exactly, and what is left:
/// float32 alone would be wrong by 1e-6 at the end of a vector, and differently wrong on another
/// slab.
struct Split {
  float coarse, rest;
};
HWY_INLINE Split SplitPosition(double position) {
  const double coarse = std::floor(position * 0x1p18 + 0.5) * 0x1p-18;
  return {static_cast<float>(coarse), static_cast<float>(position - coarse)};
}

/// Which sample lies below each output of vector j, and how far above it the output lies.
struct Place {
  VI below;
  V fraction;
};
HWY_INLINE Place PlaceOf(const Group& g, int j, int i, V number) {
  const D d;
  const V coarse = hn::MulAdd(number, hn::Set(d, g.step[i]), hn::Set(d, g.position[j][i]));
  const V rest = hn::MulAdd(number, hn::Set(d, g.step_rest[i]), hn::Set(d, g.position_rest[j][i]));
  const VI below = Truncate(coarse);
  return {below, hn::Add(hn::Sub(coarse, hn::ConvertTo(d, below)), rest)};
}

/// How many vectors of outputs can share a run of tables, each vector looking at two of them, and
/// by how many samples the run must begin earlier; vectors = 0: not even one.
struct Grouping {
  int vectors;
  int lead;
  int tables;  // vectors of samples read
};

/// Positions advance by smallest … largest samples per output and each output reads `taps`.
Grouping GroupingFor(double smallest, double largest, int taps) {
  if (!(smallest >= 0)) return {0, 0, 0};
  for (const int vectors : {4, 2, 1}) {
    const double late = (vectors - 1) * kLanes * (1 - smallest);
    const int lead = late > 0 ? static_cast<int>(late + 1.01) : 0;
    const double room = lead + 1.001 + taps - 1;
    if (room + (kLanes - 1) * largest < 2 * kLanes &&
        room + (vectors * kLanes - 1) * largest < (vectors + 1) * kLanes) {
      return {vectors, lead, vectors + 1};
    }
  }
  // Sparse outputs: four tables for one vector.
  if (kLanes > 1 && 0.001 + taps + (kLanes - 1) * largest < 4 * kLanes) return {1, 0, 4};
  return {0, 0, 0};
}

template <int R>
HWY_INLINE void AddGroup(const ColumnPanel& panel, const Group& g, float* HWY_RESTRICT out) {
  const D d;
  const V number = Numbers();
  V sum[R];
  for (int j = 0; j < R; ++j) sum[j] = hn::Zero(d);
  const VI one = hn::Set(DI(), 1);
  for (int i = 0; i < g.count; ++i) {
    const float* HWY_RESTRICT a = panel.samples + g.at[i];
    const float* HWY_RESTRICT b = a + panel.neighbour_stride;
    const V low = hn::Set(d, g.low[i]), high = hn::Set(d, g.high[i]);
    V table = hn::MulAdd(low, hn::LoadU(d, a), hn::Mul(high, hn::LoadU(d, b)));
    for (int j = 0; j < R; ++j) {
      a += kLanes;
      b += kLanes;
      const V next = hn::MulAdd(low, hn::LoadU(d, a), hn::Mul(high, hn::LoadU(d, b)));
      const auto [k, f] = PlaceOf(g, j, i, number);
      const V lower = Lookup(table, next, k), upper = Lookup(table, next, hn::Add(k, one));
      sum[j] = hn::Add(sum[j], hn::MulAdd(f, hn::Sub(upper, lower), lower));
      table = next;
    }
  }
  for (int j = 0; j < R; ++j) {
    hn::StoreU(hn::Add(hn::LoadU(d, out + j * kLanes), sum[j]), d, out + j * kLanes);
  }
}

/// As AddGroup for one vector of outputs, over four tables.
HWY_INLINE void AddSparse(const ColumnPanel& panel, const Group& g, float* HWY_RESTRICT out) {
  const D d;
  V sum = hn::LoadU(d, out);
  for (int i = 0; i < g.count; ++i) {
    const float* HWY_RESTRICT a = panel.samples + g.at[i];
    const float* HWY_RESTRICT b = a + panel.neighbour_stride;
    const V low = hn::Set(d, g.low[i]), high = hn::Set(d, g.high[i]);
    V tables[4];
    for (int t = 0; t < 4; ++t) {
      tables[t] = hn::MulAdd(low, hn::LoadU(d, a + t * kLanes),
                             hn::Mul(high, hn::LoadU(d, b + t * kLanes)));
    }
    const auto [k, f] = PlaceOf(g, 0, i, Numbers());
    const V lower = Lookup(tables, k), upper = Lookup(tables, hn::Add(k, hn::Set(DI(), 1)));
    sum = hn::Add(sum, hn::MulAdd(f, hn::Sub(upper, lower), lower));
  }
  hn::StoreU(sum, d, out);
}

/// The tent's values where T rows lie on a sample's support: row 0 stands e − 1 from the sample
/// (e = how far inside its support), row k by k steps more.
template <int T>
HWY_INLINE V Tent(V e, V step, V two, const V* y) {
  const V rise = hn::Sub(two, e);
  if constexpr (T == 2) {  // 1 ≤ step ≤ 2
    const V w1 = hn::Max(hn::Zero(D()), hn::Sub(rise, step));
    return hn::MulAdd(w1, y[1], hn::Mul(hn::Min(e, rise), y[0]));
  } else if constexpr (T == 3) {  // 2/3 ≤ step ≤ 1
    const V fall1 = hn::Sub(rise, step);
    const V w1 = hn::Min(hn::Add(e, step), fall1);
    const V w2 = hn::Max(hn::Zero(D()), hn::Sub(fall1, step));
    return hn::MulAdd(w2, y[2], hn::MulAdd(w1, y[1], hn::Mul(e, y[0])));
  } else {
    V sum = hn::Mul(e, y[0]), up = e, down = rise;  // step < 1
    for (int k = 1; k < T; ++k) {
      up = hn::Add(up, step);
      down = hn::Sub(down, step);
      sum = hn::MulAdd(hn::Max(hn::Zero(D()), hn::Min(up, down)), y[k], sum);
    }
    return sum;
  }
}

template <int R, int T>
HWY_INLINE void SpreadGroup(const float* line, const Group& g, const ColumnPanel& panel,
                            std::int64_t first) {
  const D d;
  const V number = Numbers();
  const VI one = hn::Set(DI(), 1);
  const V two = hn::Set(d, 2.0f);
  for (int i = 0; i < g.count; ++i) {
    const float* HWY_RESTRICT y = line + g.at[i];
    float* a = panel.samples + g.offset[i] + first;
    float* b = a + panel.neighbour_stride;
    const V low = hn::Set(d, g.low[i]), high = hn::Set(d, g.high[i]);
    const V size = hn::Set(d, g.size[i]);
    V table = hn::LoadU(d, y);
    for (int j = 0; j < R; ++j) {
      y += kLanes;
      const V next = hn::LoadU(d, y);
      auto [k, f] = PlaceOf(g, j, i, number);
      V taps[T];
      taps[0] = Lookup(table, next, k);
      for (int t = 1; t < T; ++t) {
        k = hn::Add(k, one);
        taps[t] = Lookup(table, next, k);
      }
      const V value = Tent<T>(hn::NegMulAdd(size, f, size), size, two, taps);
      const V in_a = hn::LoadU(d, a + j * kLanes), in_b = hn::LoadU(d, b + j * kLanes);
      hn::StoreU(hn::MulAdd(low, value, in_a), d, a + j * kLanes);
      hn::StoreU(hn::MulAdd(high, value, in_b), d, b + j * kLanes);
      table = next;
    }
  }
}

/// As SpreadGroup for one vector of slices, over four tables.
template <int T>
HWY_INLINE void SpreadSparse(const float* line, const Group& g, const ColumnPanel& panel,
                             std::int64_t first) {
  const D d;
  for (int i = 0; i < g.count; ++i) {
    const float* HWY_RESTRICT y = line + g.at[i];
    float* a = panel.samples + g.offset[i] + first;
    float* b = a + panel.neighbour_stride;
    V tables[4], taps[T];
    for (int t = 0; t < 4; ++t) tables[t] = hn::LoadU(d, y + t * kLanes);
    auto [k, f] = PlaceOf(g, 0, i, Numbers());
    for (int t = 0; t < T; ++t) {
      taps[t] = Lookup(tables, k);
      k = hn::Add(k, hn::Set(DI(), 1));
    }
    const V size = hn::Set(d, g.size[i]);
    const V value = Tent<T>(hn::NegMulAdd(size, f, size), size, hn::Set(d, 2.0f), taps);
    const V in_a = hn::LoadU(d, a), in_b = hn::LoadU(d, b);
    hn::StoreU(hn::MulAdd(hn::Set(d, g.low[i]), value, in_a), d, a);
    hn::StoreU(hn::MulAdd(hn::Set(d, g.high[i]), value, in_b), d, b);
  }
}

/// Group for the outputs from `first` on.
void PlaceForward(const ColumnPanel& panel, const ColumnSteps& s, std::int64_t first,
                  Grouping grouping, Group& g) {
  const double number = static_cast<double>(first), lead = grouping.lead;
  const double last = static_cast<double>(panel.length - grouping.tables * kLanes);
  g.count = s.count;
  g.low = s.low;
  g.high = s.high;
#pragma GCC ivdep
  for (int i = 0; i < s.count; ++i) {
    const double z = s.start[i] + number * s.step[i], floor = std::floor(z);
    const double at = std::min(std::max(floor - lead, 0.0), last);
    g.at[i] = s.offset[i] + static_cast<std::int32_t>(at);
    for (int j = 0; j < kMostVectors; ++j) {
      const Split position = SplitPosition(z - floor + lead + j * kLanes * (s.step[i] - 1));
      g.position[j][i] = position.coarse;
      g.position_rest[j][i] = position.rest;
    }
    const Split step = SplitPosition(s.step[i]);
    g.step[i] = step.coarse;
    g.step_rest[i] = step.rest;
  }
}

void AddGeneral(const ColumnPanel& panel, const ColumnSteps& s, std::int64_t outputs, float* out) {
  const auto last = static_cast<double>(panel.length - 1);
  for (int i = 0; i < s.count; ++i) {
    const float* a = panel.samples + s.offset[i];
    const float* b = a + panel.neighbour_stride;
    for (std::int64_t k = 0; k < outputs; ++k) {
      const double z = s.start[i] + static_cast<double>(k) * s.step[i];
      if (!(z >= 0 && z < last)) continue;
      const auto at = static_cast<std::int32_t>(z);
      const auto f = static_cast<float>(z - at);
      const float lower = s.low[i] * a[at] + s.high[i] * b[at];
      const float upper = s.low[i] * a[at + 1] + s.high[i] * b[at + 1];
      out[k] += lower + f * (upper - lower);
    }
  }
}

void AddResampled(const ColumnPanel& panel, const ColumnSteps& steps, std::int64_t outputs,
                  float* out) {
  if (steps.count == 0) return;
  const auto [smallest, largest] = std::minmax_element(steps.step, steps.step + steps.count);
  Grouping grouping = GroupingFor(*smallest, *largest, 2);
  const int wanted = static_cast<int>((outputs + kLanes - 1) / kLanes);
  if (wanted == 1 && grouping.vectors > 1) grouping = {1, 0, 2};
  if (wanted == 2 && grouping.vectors > 2) grouping = {2, grouping.lead, 3};
  if (grouping.vectors == 0 || panel.length < grouping.tables * kLanes) {
    return AddGeneral(panel, steps, outputs, out);
  }
  Group group;
  for (std::int64_t first = 0; first < outputs; first += grouping.vectors * kLanes) {
    PlaceForward(panel, steps, first, grouping, group);
    switch (grouping.vectors) {
      case 1:
        grouping.tables == 4 ? AddSparse(panel, group, out + first)
                             : AddGroup<1>(panel, group, out + first);
        break;
      case 2:
        AddGroup<2>(panel, group, out + first);
        break;
      default:
        AddGroup<4>(panel, group, out + first);
    }
  }
}

/// How many rows can lie on one sample's support (two samples long), when rows are `step` apart; 0:
/// more than the kernels take.
int TapsFor(double step) {
  if (step >= 1 && step <= 2) return 2;
  if (step >= 2.0 / 3 && step < 1) return 3;
  if (step >= 0.5 && step < 2.0 / 3) return 4;
  if (step >= 0.4 && step < 0.5) return 5;
  if (step >= 0.25 && step < 0.4) return 8;
  return 0;
}

void PlaceTransposed(const ColumnSteps& s, int begin, std::int64_t first, std::int64_t rows,
                     Grouping grouping, Group& g) {
  const double number = static_cast<double>(first) - 1, lead = grouping.lead;
  const double last = static_cast<double>(rows - grouping.tables * kLanes);
#pragma GCC ivdep
  for (int i = 0; i < g.count; ++i) {
    const double inverse = 1 / s.step[begin + i];
    const double row = (number - s.start[begin + i]) * inverse, floor = std::floor(row);
    const double at = std::min(std::max(floor + 1 - lead, 0.0), last);
    g.at[i] = static_cast<std::int32_t>(at);
    for (int j = 0; j < kMostVectors; ++j) {
      const Split position = SplitPosition(row - floor + lead + j * kLanes * (inverse - 1));
      g.position[j][i] = position.coarse;
      g.position_rest[j][i] = position.rest;
    }
    const Split step = SplitPosition(inverse);
    g.step[i] = step.coarse;
    g.step_rest[i] = step.rest;
    g.size[i] = static_cast<float>(s.step[begin + i]);
  }
}

void SpreadGeneral(const float* line, std::int64_t rows, const ColumnSteps& s, int begin, int end,
                   const ColumnPanel& panel) {
  float values[kBlock + 3];
  for (int i = begin; i < end; ++i) {
    std::fill_n(values, panel.length + 3, 0.0f);
    const Positions z{s.start[i], s.step[i]};
    Spread(line, z, Inside(z, panel.length, {0, rows}), values);
    float* a = panel.samples + s.offset[i];
    float* b = a + panel.neighbour_stride;
    for (std::int64_t k = 0; k < panel.length; ++k) {
      a[k] += s.low[i] * values[k + 1];
      b[k] += s.high[i] * values[k + 1];
    }
  }
}

template <int T>
void SpreadGroups(const float* line, std::int64_t rows, const ColumnSteps& steps, int begin,
                  Grouping grouping, const ColumnPanel& panel, Group& g) {
  for (std::int64_t first = 0; first < panel.length; first += grouping.vectors * kLanes) {
    PlaceTransposed(steps, begin, first, rows, grouping, g);
    switch (grouping.vectors) {
      case 1:
        grouping.tables == 4 ? SpreadSparse<T>(line, g, panel, first)
                             : SpreadGroup<1, T>(line, g, panel, first);
        break;
      case 2:
        SpreadGroup<2, T>(line, g, panel, first);
        break;
      default:
        SpreadGroup<4, T>(line, g, panel, first);
    }
  }
}

/// Steps [begin, end) that all have `taps` rows on a sample.
void SpreadRun(const float* line, std::int64_t rows, const ColumnSteps& steps, int begin, int end,
               int taps, const ColumnPanel& panel) {
  const auto [smallest, largest] = std::minmax_element(steps.step + begin, steps.step + end);
  Grouping grouping =
      taps == 0 ? Grouping{0, 0, 0} : GroupingFor(1 / *largest, 1 / *smallest, taps);
  while (grouping.vectors > 1 && panel.length % (grouping.vectors * kLanes) != 0) {
    grouping.vectors /= 2;
    grouping.tables = grouping.vectors + 1;
  }
  if (grouping.vectors == 0 || rows < grouping.tables * kLanes) {
    return SpreadGeneral(line, rows, steps, begin, end, panel);
  }
  Group group;
  group.count = end - begin;
  group.offset = steps.offset + begin;
  group.low = steps.low + begin;
  group.high = steps.high + begin;
  switch (taps) {
    case 2:
      return SpreadGroups<2>(line, rows, steps, begin, grouping, panel, group);
    case 3:
      return SpreadGroups<3>(line, rows, steps, begin, grouping, panel, group);
    case 4:
      return SpreadGroups<4>(line, rows, steps, begin, grouping, panel, group);
    case 5:
      return SpreadGroups<5>(line, rows, steps, begin, grouping, panel, group);
    default:
      SpreadGroups<8>(line, rows, steps, begin, grouping, panel, group);
  }
}

void SpreadResampled(const float* line, std::int64_t rows, const ColumnSteps& steps,
                     const ColumnPanel& panel) {
  for (int begin = 0; begin < steps.count;) {
    const int taps = TapsFor(steps.step[begin]);
    int end = begin + 1;
    while (end < steps.count && TapsFor(steps.step[end]) == taps) ++end;
    SpreadRun(line, rows, steps, begin, end, taps, panel);
    begin = end;
  }
}

void AddBlended(const ColumnPanel& panel, const ColumnSteps& s, std::int64_t begin,
                std::int64_t count, float* HWY_RESTRICT out) {
  const D d;
  const std::int64_t neighbour = panel.neighbour_stride;
  int i = 0;
  for (; i + 4 <= s.count; i += 4) {
    const float* a[4];
    V low[4], high[4];
    for (int k = 0; k < 4; ++k) {
      a[k] = panel.samples + s.offset[i + k] + begin;
      low[k] = hn::Set(d, s.low[i + k]);
      high[k] = hn::Set(d, s.high[i + k]);
    }
    for (std::int64_t z = 0; z < count; z += kLanes) {
      V one = hn::LoadU(d, out + z), other = hn::Zero(d);
      for (int k = 0; k < 4; ++k) {
        one = hn::MulAdd(low[k], hn::LoadU(d, a[k] + z), one);
        other = hn::MulAdd(high[k], hn::LoadU(d, a[k] + neighbour + z), other);
      }
      hn::StoreU(hn::Add(one, other), d, out + z);
    }
  }
  for (; i < s.count; ++i) {
    const float* a = panel.samples + s.offset[i] + begin;
    const V low = hn::Set(d, s.low[i]), high = hn::Set(d, s.high[i]);
    for (std::int64_t z = 0; z < count; z += kLanes) {
      const V blend = hn::MulAdd(high, hn::LoadU(d, a + neighbour + z), hn::LoadU(d, out + z));
      hn::StoreU(hn::MulAdd(low, hn::LoadU(d, a + z), blend), d, out + z);
    }
  }
}

void SpreadBlended(const float* HWY_RESTRICT line, const ColumnSteps& s, const ColumnPanel& panel) {
  const D d;
  for (int i = 0; i < s.count; ++i) {
    float* a = panel.samples + s.offset[i];
    float* b = a + panel.neighbour_stride;
    const V low = hn::Set(d, s.low[i]), high = hn::Set(d, s.high[i]);
    for (std::int64_t z = 0; z < panel.length; z += kLanes) {
      const V value = hn::LoadU(d, line + z);
      const V in_a = hn::LoadU(d, a + z), in_b = hn::LoadU(d, b + z);
      hn::StoreU(hn::MulAdd(low, value, in_a), d, a + z);
      hn::StoreU(hn::MulAdd(high, value, in_b), d, b + z);
    }
  }
}

void FillSteps(const StraightSteps& straight, const ColumnPanel& panel, ColumnSteps& s) {
  const StraightSteps line = straight;
  s.count = line.count;
  const double last = static_cast<double>(line.columns - 1);
  const auto stride = static_cast<std::int32_t>(panel.neighbour_stride);
  const auto length = static_cast<std::int32_t>(panel.length);
  const auto plane = static_cast<std::int32_t>(line.plane);
#pragma GCC ivdep
  for (int i = 0; i < line.count; ++i) {
    const double lateral = line.lateral + i * line.lateral_step;
    const double column = std::min(std::max(std::floor(lateral), 0.0), last);
    const auto high = static_cast<float>(lateral - column);
    s.high[i] = high;
    s.low[i] = 1 - high;
    s.offset[i] = static_cast<std::int32_t>(column) * stride + (plane + i) * length;
    s.start[i] = line.start + i * line.start_step;
    s.step[i] = line.step + i * line.step_step;
  }
}

void FillVoxelSteps(const VoxelSteps& v, double ix, double iy, const ColumnPanel& panel,
                    ColumnSteps& s) {
  s.count = v.count;
  const auto length = static_cast<std::int32_t>(panel.length);
#pragma GCC ivdep
  for (int i = 0; i < v.count; ++i) {
    const double scale = 1 / (v.depth[i] + v.depth_x[i] * ix + v.depth_y[i] * iy);
    const double at =
        (v.column[i] + v.column_x[i] * ix + v.column_y[i] * iy) * scale - v.first_column[i];
    const double column = std::min(std::max(std::floor(at), 0.0), v.last_column[i]);
    const auto weight = static_cast<float>(scale * scale),
               high = static_cast<float>(at - column) * weight;
    s.high[i] = high;
    s.low[i] = weight - high;
    s.offset[i] = v.offset[i] + static_cast<std::int32_t>(column) * length;
    s.start[i] = (v.row[i] + v.row_x[i] * ix + v.row_y[i] * iy) * scale - v.first_row[i];
    s.step[i] = v.row_z[i] * scale;
  }
}

void ScaleByHypotenuse(double planar, double first, double step, double scale, std::int64_t count,
                       float* y) {
  const auto rows = static_cast<int>(count);
  for (int k = 0; k < rows; ++k) {
    const double z = first + k * step;
    y[k] *= static_cast<float>(std::sqrt(planar + z * z) * scale);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tomoslab {

HWY_EXPORT(AddResampled);
HWY_EXPORT(SpreadResampled);
HWY_EXPORT(AddBlended);
HWY_EXPORT(SpreadBlended);
HWY_EXPORT(FillSteps);
HWY_EXPORT(FillVoxelSteps);
HWY_EXPORT(ScaleByHypotenuse);

void AddResampled(const ColumnPanel& panel, const ColumnSteps& steps, std::int64_t outputs,
                  float* out) {
  HWY_DYNAMIC_DISPATCH(AddResampled)(panel, steps, outputs, out);
}
void SpreadResampled(const float* line, std::int64_t rows, const ColumnSteps& steps,
                     const ColumnPanel& panel) {
  HWY_DYNAMIC_DISPATCH(SpreadResampled)(line, rows, steps, panel);
}
void AddBlended(const ColumnPanel& panel, const ColumnSteps& steps, std::int64_t begin,
                std::int64_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(AddBlended)(panel, steps, begin, count, out);
}
void SpreadBlended(const float* line, const ColumnSteps& steps, const ColumnPanel& panel) {
  HWY_DYNAMIC_DISPATCH(SpreadBlended)(line, steps, panel);
}
void FillSteps(const StraightSteps& line, const ColumnPanel& panel, ColumnSteps& steps) {
  HWY_DYNAMIC_DISPATCH(FillSteps)(line, panel, steps);
}
void FillVoxelSteps(const VoxelSteps& voxels, double ix, double iy, const ColumnPanel& panel,
                    ColumnSteps& steps) {
  HWY_DYNAMIC_DISPATCH(FillVoxelSteps)(voxels, ix, iy, panel, steps);
}
void ScaleByHypotenuse(double planar, double first, double step, double scale, std::int64_t count,
                       float* y) {
  HWY_DYNAMIC_DISPATCH(ScaleByHypotenuse)(planar, first, step, scale, count, y);
}

}  // namespace tomoslab
#endif  // HWY_ONCE
