// Views of a batch, split by what the column projectors can take.
#pragma once

#include <algorithm>
#include <cmath>

#include "worker/projector/joseph.h"
#include "worker/projector/main_axis.h"

namespace tomoslab {

/// How the rays of a view lie to the voxels.
enum class ViewKind {
  kLevel,    // axis aligned (IsAxisAligned), all rays step along x or y
  kSteep,    // axis aligned, some rays step along z
  kGeneral,  // neither
};

inline ViewKind KindOf(const Volume& slab, const View& view, int columns, IndexRange rows) {
  if (!IsAxisAligned(view)) return ViewKind::kGeneral;
  if (view.beam == Beam::kParallel || rows.empty()) return ViewKind::kLevel;
  const auto rise = [&](std::int64_t row) {
    return std::abs(view.Direction(static_cast<double>(row), 0).z) / slab.voxel_height_mm;
  };
  const double steepest = std::max(rise(rows.begin), rise(rows.end - 1));
  for (int column = 0; column < columns; ++column) {
    const Vec3 level = view.Direction(0, column);
    if (MainAxisOf({level.x / slab.voxel_width_mm, level.y / slab.voxel_width_mm, steepest}) == 2) {
      return ViewKind::kSteep;
    }
  }
  return ViewKind::kLevel;
}

/// Calls visit(kind, band, offset) for each run of views of one kind, kind_of(view); the run's
/// numbers begin at y + offset.
template <class KindOf, class Visit>
void ForRuns(const ProjectionBand& band, KindOf&& kind_of, Visit&& visit) {
  const auto views = static_cast<std::int64_t>(band.views.size());
  for (std::int64_t first = 0; first < views;) {
    const auto kind = kind_of(band.views[first]);
    std::int64_t last = first + 1;
    while (last < views && kind_of(band.views[last]) == kind) ++last;
    visit(kind, ProjectionBand{band.views.subspan(first, last - first), band.columns, band.rows},
          band.Offset(first, 0));
    first = last;
  }
}

}  // namespace tomoslab
