// The footprint model for axis-aligned views: all beams of a detector column share the same area of
// every (x, y) cell, so that a step is a sum of a few voxel columns and box averages along z.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

/// As ProjectFootprint and BackprojectFootprint, for views that FootprintTakesColumns
/// (worker/plan/footprint_path.h).
void ProjectFootprintColumns(const Volume& slab, const float* x, const ProjectionBand& band,
                             float* y);
void BackprojectFootprintColumns(const ProjectionBand& band, float* y, const Volume& slab,
                                 float* x);

}  // namespace tomoslab
