// Lookups in the lanes of two or four vectors, and what else Highway 1.0 lacks. Compiled once per
// instruction set.
#if defined(TOMOSLAB_PROJECTOR_TABLE_LOOKUP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TOMOSLAB_PROJECTOR_TABLE_LOOKUP_INL_H_
#undef TOMOSLAB_PROJECTOR_TABLE_LOOKUP_INL_H_
#else
#define TOMOSLAB_PROJECTOR_TABLE_LOOKUP_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using DI = hn::RebindToSigned<D>;
using V = hn::Vec<D>;
using VI = hn::Vec<DI>;
using M = hn::Mask<D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));

/// Towards zero, without care for overflow.
HWY_INLINE VI Truncate(V v) {
#if HWY_TARGET == HWY_AVX3
  return VI{_mm512_cvttps_epi32(v.raw)};
#elif HWY_TARGET == HWY_AVX2
  return VI{_mm256_cvttps_epi32(v.raw)};
#else
  return hn::ConvertTo(DI(), v);
#endif
}

/// sum + value where the mask is set.
HWY_INLINE V AddWhere(M mask, V value, V sum) {
#if HWY_TARGET == HWY_AVX3
  return V{_mm512_mask_add_ps(sum.raw, mask.raw, sum.raw, value.raw)};
#else
  return hn::Add(sum, hn::IfThenElseZero(mask, value));
#endif
}

/// Where bit `bit` of each lane is set.
template <int bit>
HWY_INLINE M WhereBit(VI index) {
  // Not every IfThenElse looks at the sign alone (SSSE3).
  VI sign = hn::ShiftLeft<31 - bit>(index);
#if HWY_TARGET != HWY_AVX2
  sign = hn::BroadcastSignBit(sign);
#endif
  return hn::MaskFromVec(hn::BitCast(D(), sign));
}

constexpr int kLaneBits = kLanes == 16 ? 4 : kLanes == 8 ? 3 : kLanes == 4 ? 2 : 0;

/// Lane numbers prepared for lookups in kTables vectors (modulo kTables · kLanes).
template <int kTables>
class TableIndex {
 public:
  HWY_INLINE explicit TableIndex(VI index)
      : index_(index)
#if HWY_TARGET != HWY_AVX3
        ,
        lane_(hn::IndicesFromVec(D(), hn::And(index, hn::Set(DI(), std::int32_t{kLanes - 1}))))
#endif
  {
  }

  HWY_INLINE V In(const V* tables) const {
    if constexpr (kTables == 2) {
      return InPair(tables);
    } else {
      return hn::IfThenElse(WhereBit<kLaneBits + 1>(index_), InPair(tables + 2), InPair(tables));
    }
  }

 private:
  HWY_INLINE V InPair(const V* tables) const {
#if HWY_TARGET == HWY_AVX3
    return V{_mm512_permutex2var_ps(tables[0].raw, index_.raw, tables[1].raw)};
#else
    return hn::IfThenElse(WhereBit<kLaneBits>(index_), hn::TableLookupLanes(tables[1], lane_),
                          hn::TableLookupLanes(tables[0], lane_));
#endif
  }

  VI index_;
#if HWY_TARGET != HWY_AVX3
  decltype(hn::IndicesFromVec(D(), VI())) lane_;
#endif
};

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#endif  // per target
