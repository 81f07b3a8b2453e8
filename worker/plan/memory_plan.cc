#include "worker/plan/memory_plan.h"

#include <algorithm>

namespace tomoslab {

VectorCounts CountVectors(AlgorithmKind algorithm) {
  switch (algorithm) {
    case AlgorithmKind::kFdk:
      return {.volumes = 1, .projections = 2};  // x; b, filtered
    case AlgorithmKind::kSirt:
      return {.volumes = 3, .projections = 3};  // x, C, d; b, R, r
    case AlgorithmKind::kCgls:
      return {.volumes = 3, .projections = 3};  // x, s, p; b, r, q
    case AlgorithmKind::kBarzilaiBorwein:
      return {.volumes = 5, .projections = 3};  // x, g, g_prev, d, best; b, r, q
  }
  return {};
}

std::int64_t RankBytes(const ExchangePlan& plan, const Scan& scan, const Volume& volume,
                       AlgorithmKind algorithm, int rank) {
  const std::int64_t slab = plan.slab[rank].size() * volume.columns * volume.rows;
  const auto views = static_cast<std::int64_t>(scan.views.size());
  const std::int64_t owned = plan.owned[rank].size() * scan.detector.columns * views;
  std::int64_t exchange = 0;
  for (const ViewBatch& batch : plan.batches) {
    std::int64_t rows = batch.shadow[rank].size();  // the shadow itself
    for (int other = 0; other < plan.ranks; ++other) {
      if (other == rank) continue;
      rows += plan.Overlap(batch, rank, other).size();  // packed for (or from) the owner
      rows += plan.Overlap(batch, other, rank).size();  // from (or for) the others
    }
    exchange = std::max(exchange, rows * scan.detector.columns * batch.views.size());
  }
  const VectorCounts count = CountVectors(algorithm);
  // Two batches are under way at a time.
  return 4 * (count.volumes * slab + count.projections * owned + 2 * exchange);
}

}  // namespace tomoslab
