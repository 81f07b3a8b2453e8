#include "worker/projector/joseph.h"

#include <algorithm>

#include "worker/projector/joseph_columns.h"
#include "worker/projector/joseph_rays.h"
#include "worker/projector/joseph_slice.h"
#include "worker/projector/view_runs.h"

namespace tomoslab {
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
