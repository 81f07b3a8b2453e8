// The footprint model for axis-aligned views of a slab of a single slice: fan beams, and thin
// slabs. The column projector (footprint_columns.h) would spend its time on what surrounds the
// slice.
#pragma once

#include "worker/projector/footprint_geometry.h"

namespace tomoslab {

/// As ProjectFootprintColumns and BackprojectFootprintColumns, for slice.slices = 1, but that y is
/// not scaled by the rays' lengths.
void ProjectFootprintSlice(const Volume& slice, const float* x, const ProjectionBand& band,
                           const BeamGeometry& geometry, float* y);
void BackprojectFootprintSlice(const ProjectionBand& band, const float* y,
                               const BeamGeometry& geometry, const Volume& slice, float* x);

/// Whether they can take it: no beam may be wider than the slice.
bool FootprintTakesSlice(const Volume& slab, const BeamGeometry& geometry);

}  // namespace tomoslab
