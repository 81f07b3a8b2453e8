#include "worker/projector/footprint.h"

#include <algorithm>

#include "worker/plan/footprint_path.h"
#include "worker/projector/footprint_columns.h"
#include "worker/projector/footprint_rays.h"

namespace tomoslab {
namespace {

/// Calls visit(band, offset, whether the column projector takes it) for each run of views that it
/// takes, or does not.
template <class Visit>
void ForPaths(const Volume& slab, const ProjectionBand& band, Visit&& visit) {
  const auto views = static_cast<std::int64_t>(band.views.size());
  const auto takes = [&](std::int64_t view) {
    return FootprintTakesColumns(slab, band.views[view], band.columns);
  };
  for (std::int64_t first = 0; first < views;) {
    const bool columns = takes(first);
    std::int64_t last = first + 1;
    while (last < views && takes(last) == columns) ++last;
    visit(ProjectionBand{band.views.subspan(first, last - first), band.columns, band.rows},
          band.Offset(first, 0), columns);
    first = last;
  }
}

}  // namespace

void ProjectFootprint(const Volume& slab, const float* x, const ProjectionBand& band, float* y) {
  if (slab.slices == 0) {
    std::fill_n(y, band.size(), 0.0f);
    return;
  }
  ForPaths(slab, band, [&](const ProjectionBand& run, std::int64_t offset, bool columns) {
    columns ? ProjectFootprintColumns(slab, x, run, y + offset)
            : ProjectFootprintRays(slab, x, run, y + offset);
  });
}

void BackprojectFootprint(const ProjectionBand& band, float* y, const Volume& slab, float* x) {
  if (slab.slices == 0 || band.rows.empty()) return;
  ForPaths(slab, band, [&](const ProjectionBand& run, std::int64_t offset, bool columns) {
    columns ? BackprojectFootprintColumns(run, y + offset, slab, x)
            : BackprojectFootprintRays(run, y + offset, slab, x);
  });
}

}  // namespace tomoslab
