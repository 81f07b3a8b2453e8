// Views of a batch, split by what the column projectors can take.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

/// Calls columns(band, offset) or rays(band, offset) for each run of views that are all axis
/// aligned, or all not; the run's numbers begin at y + offset.
template <class Columns, class Rays>
void ForRuns(const ProjectionBand& band, Columns&& columns, Rays&& rays) {
  const auto views = static_cast<std::int64_t>(band.views.size());
  for (std::int64_t first = 0; first < views;) {
    const bool aligned = IsAxisAligned(band.views[first]);
    std::int64_t last = first + 1;
    while (last < views && IsAxisAligned(band.views[last]) == aligned) ++last;
    const ProjectionBand run{band.views.subspan(first, last - first), band.columns, band.rows};
    if (aligned) {
      columns(run, band.Offset(first, 0));
    } else {
      rays(run, band.Offset(first, 0));
    }
    first = last;
  }
}

}  // namespace tomoslab
