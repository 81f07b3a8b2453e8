// Joseph's method for axis-aligned views (every circular parallel, fan and cone scan): all rays of
// a detector column cross the same (x, y) cells, so that a step is a blend of two voxel columns and
// a resampling along z with constant step.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

void ProjectJosephColumns(const Volume& slab, const float* x, const ProjectionBand& band, float* y);
void BackprojectJosephColumns(const ProjectionBand& band, float* y, const Volume& slab, float* x);

}  // namespace tomoslab
