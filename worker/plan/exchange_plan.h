// Which rank sends which detector rows to whom, for every batch of views: computed from the
// geometry alone, the same on every rank and in the planner.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/geometry/scan.h"
#include "worker/geometry/slab.h"

namespace tomoslab {

/// Consecutive views that are projected together, and the rows that each rank's slab can touch in
/// any of them.
struct ViewBatch {
  IndexRange views;
  std::vector<IndexRange> shadow;  // [rank]
};

struct ExchangePlan {
  int ranks = 1;
  std::vector<IndexRange> slab;   // [rank] slices
  std::vector<IndexRange> owned;  // [rank] detector rows
  std::vector<ViewBatch> batches;

  /// The rows that rank computes partially (or needs) and owner owns.
  IndexRange Overlap(const ViewBatch& batch, int rank, int owner) const {
    return Intersect(batch.shadow[rank], owned[owner]);
  }
};

/// The shadow buffer of a batch stays below kBatchBytes, unless that would make it less than
/// kFewestViews: the projectors copy tiles of the volume once per batch.
inline constexpr std::int64_t kBatchBytes = 16 << 20;
inline constexpr std::int64_t kFewestViews = 32;

ExchangePlan MakeExchangePlan(const Scan& scan, const Volume& volume, int ranks);

/// Bytes that all ranks together send in one forward projection (one backprojection sends as many):
/// 4 · columns · Σ_batches views · Σ_{rank ≠ owner} |shadow(rank) ∩ owned(owner)|.
std::int64_t ExchangedBytesPerPass(const ExchangePlan& plan, int detector_columns);

}  // namespace tomoslab
