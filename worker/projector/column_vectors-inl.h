// What the column kernels share, once per instruction set: vectors, lookups in tables, positions.
#if defined(TOMOSLAB_WORKER_PROJECTOR_COLUMN_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TOMOSLAB_WORKER_PROJECTOR_COLUMN_VECTORS_INL_H_
#undef TOMOSLAB_WORKER_PROJECTOR_COLUMN_VECTORS_INL_H_
#else
#define TOMOSLAB_WORKER_PROJECTOR_COLUMN_VECTORS_INL_H_
#endif

#include <hwy/highway.h>

#include <cmath>

#include "worker/projector/column_kernels.h"

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

/// Step i's position in every vector's own tables; the coarse parts stay exact.
HWY_INLINE void PlaceVectors(Split position, Split step, int i, Group& g) {
  for (int j = 0; j < kMostVectors; ++j) {
    const auto before = static_cast<float>(j * kLanes);
    g.position[j][i] = position.coarse + (before * step.coarse - before);
    g.position_rest[j][i] = position.rest + before * step.rest;
  }
  g.step[i] = step.coarse;
  g.step_rest[i] = step.rest;
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
inline Grouping GroupingFor(double smallest, double largest, int taps) {
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

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#endif
