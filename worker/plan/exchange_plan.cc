#include "worker/plan/exchange_plan.h"

#include <algorithm>

namespace tomoslab {
namespace {

std::int64_t ViewsPerBatch(const Scan& scan, std::int64_t shadow_rows) {
  const std::int64_t bytes_per_view =
      4 * std::max<std::int64_t>(1, shadow_rows) * scan.detector.columns;
  return std::clamp<std::int64_t>(kBatchBytes / bytes_per_view, kFewestViews, 256);
}

}  // namespace

ExchangePlan MakeExchangePlan(const Scan& scan, const Volume& volume, int ranks) {
  ExchangePlan plan{
      .ranks = ranks, .slab = {}, .owned = RowOwners(scan, volume, ranks), .batches = {}};
  for (int rank = 0; rank < ranks; ++rank) plan.slab.push_back(SlabOf(volume.slices, ranks, rank));
  const auto views = static_cast<std::int64_t>(scan.views.size());
  std::int64_t widest = 0;
  for (int rank = 0; rank < ranks; ++rank) {
    widest = std::max(widest, ShadowRows(scan, volume, plan.slab[rank], {0, views}).size());
  }
  const std::int64_t step = ViewsPerBatch(scan, widest);
  for (std::int64_t first = 0; first < views; first += step) {
    ViewBatch batch{.views = {first, std::min(views, first + step)}, .shadow = {}};
    for (int rank = 0; rank < ranks; ++rank) {
      batch.shadow.push_back(ShadowRows(scan, volume, plan.slab[rank], batch.views));
    }
    plan.batches.push_back(std::move(batch));
  }
  return plan;
}

std::int64_t ExchangedBytesPerPass(const ExchangePlan& plan, int detector_columns) {
  std::int64_t bytes = 0;
  for (const ViewBatch& batch : plan.batches) {
    std::int64_t rows = 0;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      for (int owner = 0; owner < plan.ranks; ++owner) {
        if (owner != rank) rows += plan.Overlap(batch, rank, owner).size();
      }
    }
    bytes += 4 * batch.views.size() * detector_columns * rows;
  }
  return bytes;
}

}  // namespace tomoslab
