// Backprojection of axis-aligned views in parallel beam: every ray meets the slices in the same
// places, so a detector column is resampled to slices once for a whole tile of voxels, and what
// remains per voxel column is a weighted sum of neighbouring detector columns.
#pragma once

#include "absl/types/span.h"
#include "worker/projector/joseph.h"
#include "worker/projector/resample.h"

namespace tomoslab {

/// What a view gives to the voxel column (ix, iy): Σ_c weight · max(0, 1 − spacing |c − at|) times
/// detector column c, with at = column + column_x · ix + column_y · iy.
struct ParallelView {
  std::int64_t view = 0;  // in the band
  double column = 0, column_x = 0, column_y = 0;
  double spacing = 1, weight = 1;
  Positions rows = {};  // see RowsToSlices; rows of the band, slices of the slab
};

/// How a detector column becomes slices.
enum class RowsToSlices {
  kInterpolated,  // slice i reads the column at row rows(i)
  kSpread,        // row i is spread over the slices beside rows(i): the transpose of reading slices
};

/// x ← x + Σ over `views`. Runs without atomics: every thread owns the voxels it writes.
void BackprojectParallelColumns(const ProjectionBand& band, const float* y,
                                absl::Span<const ParallelView> views, RowsToSlices how,
                                const Volume& slab, float* x);

}  // namespace tomoslab
