#include "worker/plan/memory_plan.h"

#include <algorithm>

namespace tomoslab {

VectorCounts CountVectors(AlgorithmKind algorithm, int materials) {
  // DART: b, r and R of SIRT, or b and one per material of the fit.
  const int dart_projections = std::max(3, 1 + materials);
  switch (algorithm) {
    case AlgorithmKind::kFdk:
      return {.volumes = 1, .projections = 2};  // x; b, filtered
    case AlgorithmKind::kSirt:
      return {.volumes = 3, .projections = 3};  // x, C, d; b, R, r
    case AlgorithmKind::kCgls:
      return {.volumes = 3, .projections = 3};  // x, s, p; b, r, q
    case AlgorithmKind::kBarzilaiBorwein:
      return {.volumes = 5, .projections = 3};  // x, g, g_prev, d, best; b, r, q
    case AlgorithmKind::kPolyBarzilaiBorwein:   // BB's and φ_m(x); b, P_m
      return {.volumes = 6, .projections = 1 + materials};
    case AlgorithmKind::kPolySirt:  // SIRT's and φ_m(x); b, R, P_m
      return {.volumes = 4, .projections = 2 + materials};
    case AlgorithmKind::kDart:  // BB's for the start image; then x, best, C, d, or x, best, s, p
      return {.volumes = 5, .projections = dart_projections, .labels = true};
    case AlgorithmKind::kDartWithBb:  // DART's best and BB's five
      return {.volumes = 6, .projections = dart_projections, .labels = true};
    case AlgorithmKind::kPolyDart:  // poly-BB's for the start image; then x, best, C, d, φ_m(x)
      return {.volumes = 6, .projections = 2 + materials, .labels = true};
    case AlgorithmKind::kPolyDartWithBb:  // DART's best and poly-BB's six
      return {.volumes = 7, .projections = 1 + materials, .labels = true};
    case AlgorithmKind::kPolyDartWithDensities:  // b, the paths, residual and slopes of the fit
      return {.volumes = 7, .projections = 2 + 2 * materials, .labels = true};
  }
  return {};
}

std::int64_t RankBytes(const ExchangePlan& plan, const Scan& scan, const Volume& volume,
                       const VectorCounts& count, int rank) {
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
  const std::int64_t mask_bytes =
      8 * ((plan.slab[rank].size() + 63) / 64) * volume.columns * volume.rows;
  // Two batches are under way at a time.
  return 4 * (count.volumes * slab + count.projections * owned + 2 * exchange) +
         (count.labels ? slab + mask_bytes : 0);
}

}  // namespace tomoslab
