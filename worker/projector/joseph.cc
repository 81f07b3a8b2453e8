#include "worker/projector/joseph.h"

#include <algorithm>

#include "worker/projector/joseph_columns.h"
#include "worker/projector/joseph_rays.h"
#include "worker/projector/joseph_slice.h"
#include "worker/projector/view_runs.h"

namespace tomoslab {
namespace {

void ProjectLevel(const Volume& slab, const float* x, const ProjectionBand& band, float* y) {
  if (slab.slices == 1) return ProjectJosephSlice(slab, x, band, y);
  ProjectJosephColumns(slab, x, band, y);
}

void BackprojectLevel(const ProjectionBand& band, float* y, const Volume& slab, float* x) {
  if (slab.slices == 1) return BackprojectJosephSlice(band, y, slab, x);
  BackprojectJosephColumns(band, y, slab, x);
}

template <class Visit>
void ForRunsOfKind(const Volume& slab, const ProjectionBand& band, Visit&& visit) {
  ForRuns(
      band, [&](const View& view) { return KindOf(slab, view, band.columns, band.rows); }, visit);
}

}  // namespace

void ProjectJoseph(const Volume& slab, const float* x, const ProjectionBand& band, float* y) {
  if (slab.slices == 0) {
    std::fill_n(y, band.size(), 0.0f);
    return;
  }
  ForRunsOfKind(slab, band, [&](ViewKind kind, const ProjectionBand& run, std::int64_t offset) {
    if (kind == ViewKind::kGeneral) {
      return ProjectJosephRays(slab, x, run, RaySet::kAll, y + offset);
    }
    ProjectLevel(slab, x, run, y + offset);
    // What steep rays got there is replaced.
    if (kind == ViewKind::kSteep) ProjectJosephRays(slab, x, run, RaySet::kAlongZ, y + offset);
  });
}

void BackprojectJoseph(const ProjectionBand& band, float* y, const Volume& slab, float* x) {
  if (slab.slices == 0) return;
  ForRunsOfKind(slab, band, [&](ViewKind kind, const ProjectionBand& run, std::int64_t offset) {
    if (kind == ViewKind::kGeneral) {
      return BackprojectJosephRays(run, RaySet::kAll, y + offset, slab, x);
    }
    // Clears the steep rays, which the others must not see.
    if (kind == ViewKind::kSteep) {
      BackprojectJosephRays(run, RaySet::kAlongZ, y + offset, slab, x);
    }
    BackprojectLevel(run, y + offset, slab, x);
  });
}

}  // namespace tomoslab
