// How many bytes a rank holds, by algorithm.
#pragma once

#include <cstdint>

#include "worker/plan/exchange_plan.h"

namespace tomoslab {

/// What an algorithm keeps at most: copies of the slab and of the owned projections, float32; and
/// for every voxel its label (a byte) and whether it is free (a bit), when it is a discrete one.
struct VectorCounts {
  int volumes = 1, projections = 1;
  bool labels = false;
};

enum class AlgorithmKind {
  kFdk,
  kSirt,
  kCgls,
  kBarzilaiBorwein,
  kPolyBarzilaiBorwein,
  kPolySirt,
  kDart,
  kDartWithBb,
  kPolyDart,
  kPolyDartWithBb,
  kPolyDartWithDensities,  // refined, with either inner solver
};
/// materials: of the polychromatic and the discrete algorithms.
VectorCounts CountVectors(AlgorithmKind algorithm, int materials = 0);

/// Vectors, shadow buffers and exchange buffers of one rank; without the program itself (about 50
/// MB).
std::int64_t RankBytes(const ExchangePlan& plan, const Scan& scan, const Volume& volume,
                       const VectorCounts& count, int rank);

}  // namespace tomoslab
