// The transpose of column_add-inl.h: rows spread over columns, once per instruction set.
#if defined(TOMOSLAB_WORKER_PROJECTOR_COLUMN_SPREAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TOMOSLAB_WORKER_PROJECTOR_COLUMN_SPREAD_INL_H_
#undef TOMOSLAB_WORKER_PROJECTOR_COLUMN_SPREAD_INL_H_
#else
#define TOMOSLAB_WORKER_PROJECTOR_COLUMN_SPREAD_INL_H_
#endif

#include <algorithm>
#include <cmath>

#include "worker/projector/column_vectors-inl.h"
#include "worker/projector/resample.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {

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
    PlaceVectors(SplitPosition(row - floor + lead), SplitPosition(inverse), i, g);
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

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#endif
