// The footprint model for axis-aligned views: all beams of a detector column share the same area of
// every (x, y) cell, so that a step is a sum of a few voxel columns and box averages along z.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

/// Whether the column projector can take the view: beams narrow enough, pixel columns not too
/// oblique. The same for every slab of a volume.
bool FootprintTakesColumns(const Volume& slab, const View& view, int columns);

/// As ProjectFootprint and BackprojectFootprint, for views that FootprintTakesColumns.
void ProjectFootprintColumns(const Volume& slab, const float* x, const ProjectionBand& band,
                             float* y);
void BackprojectFootprintColumns(const ProjectionBand& band, float* y, const Volume& slab,
                                 float* x);

}  // namespace tomoslab
