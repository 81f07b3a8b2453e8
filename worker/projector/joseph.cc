#include "worker/projector/joseph.h"

#include <algorithm>

#include "worker/projector/joseph_columns.h"
#include "worker/projector/joseph_rays.h"
#include "worker/projector/joseph_slice.h"

namespace tomoslab {
namespace {

/// Calls columns(band, offset) or rays(band, offset) for each run of views that are all axis
/// aligned, or all not.
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

}  // namespace

void ProjectJoseph(const Volume& slab, const float* x, const ProjectionBand& band, float* y) {
  if (slab.slices == 0) {
    std::fill_n(y, band.size(), 0.0f);
    return;
  }
  ForRuns(
      band,
      [&](const ProjectionBand& run, std::int64_t offset) {
        if (slab.slices == 1) return ProjectJosephSlice(slab, x, run, y + offset);
        ProjectJosephColumns(slab, x, run, y + offset);
      },
      [&](const ProjectionBand& run, std::int64_t offset) {
        ProjectJosephRays(slab, x, run, y + offset);
      });
}

void BackprojectJoseph(const ProjectionBand& band, float* y, const Volume& slab, float* x) {
  if (slab.slices == 0) return;
  ForRuns(
      band,
      [&](const ProjectionBand& run, std::int64_t offset) {
        if (slab.slices == 1) return BackprojectJosephSlice(run, y + offset, slab, x);
        BackprojectJosephColumns(run, y + offset, slab, x);
      },
      [&](const ProjectionBand& run, std::int64_t offset) {
        BackprojectJosephRays(run, y + offset, slab, x);
      });
}

}  // namespace tomoslab
