// Joseph's method ray by ray, for any view: tilted axes, rotated detectors, measured vectors.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

void ProjectJosephRays(const Volume& slab, const float* x, const ProjectionBand& band, float* y);
void BackprojectJosephRays(const ProjectionBand& band, float* y, const Volume& slab, float* x);

}  // namespace tomoslab
