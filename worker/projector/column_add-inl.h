// Sums of blended and resampled columns, once per instruction set.
#if defined(TOMOSLAB_WORKER_PROJECTOR_COLUMN_ADD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TOMOSLAB_WORKER_PROJECTOR_COLUMN_ADD_INL_H_
#undef TOMOSLAB_WORKER_PROJECTOR_COLUMN_ADD_INL_H_
#else
#define TOMOSLAB_WORKER_PROJECTOR_COLUMN_ADD_INL_H_
#endif

#include <algorithm>
#include <cmath>

#include "worker/projector/column_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {

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
    PlaceVectors(SplitPosition(z - floor + lead), SplitPosition(s.step[i]), i, g);
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

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#endif
