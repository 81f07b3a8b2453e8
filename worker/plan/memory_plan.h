// How many bytes a rank holds, by algorithm.
#pragma once

#include <cstdint>

#include "worker/plan/exchange_plan.h"

namespace tomoslab {

/// Vectors an algorithm keeps: copies of the slab and of the owned projections, float32.
struct VectorCounts {
  int volumes = 1, projections = 1;
};

enum class AlgorithmKind { kFdk, kSirt, kCgls, kBarzilaiBorwein };
VectorCounts CountVectors(AlgorithmKind algorithm);

/// Vectors, shadow buffers and exchange buffers of one rank; without the program itself (about 50
/// MB).
std::int64_t RankBytes(const ExchangePlan& plan, const Scan& scan, const Volume& volume,
                       AlgorithmKind algorithm, int rank);

}  // namespace tomoslab
