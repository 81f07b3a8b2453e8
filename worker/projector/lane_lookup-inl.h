// Lookups in two or four vectors by lane, for kernels that are compiled once per instruction set.
// No include guard: include it after hwy/highway.h, once per target.
#if defined(TOMOSLAB_LANE_LOOKUP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TOMOSLAB_LANE_LOOKUP_INL_H_
#undef TOMOSLAB_LANE_LOOKUP_INL_H_
#else
#define TOMOSLAB_LANE_LOOKUP_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {
namespace lanes {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using DI = hn::RebindToSigned<D>;
using V = hn::Vec<D>;
using VI = hn::Vec<DI>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));

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

}  // namespace lanes
}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#endif  // per target
