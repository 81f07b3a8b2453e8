// Joseph's method for axis-aligned views of a slab of a single slice: fan beams, and thin slabs. A
// step touches two voxels, so that the general column projector (joseph_columns.h) would spend its
// time on what surrounds them.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

/// As ProjectJoseph and BackprojectJoseph, for slab.slices = 1.
void ProjectJosephSlice(const Volume& slice, const float* x, const ProjectionBand& band, float* y);
void BackprojectJosephSlice(const ProjectionBand& band, float* y, const Volume& slice, float* x);

}  // namespace tomoslab
