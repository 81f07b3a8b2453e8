// Joseph's method ray by ray, for any view: tilted axes, rotated detectors, measured vectors, steep
// cones.
#pragma once

#include "worker/projector/joseph.h"
#include "worker/projector/ray_kernels.h"

namespace tomoslab {

/// As ProjectJoseph and BackprojectJoseph, for the rays of the set: others keep their numbers in y,
/// except that BackprojectJosephRays clears in y the rays it has done if they are not all.
void ProjectJosephRays(const Volume& slab, const float* x, const ProjectionBand& band, RaySet set,
                       float* y);
void BackprojectJosephRays(const ProjectionBand& band, RaySet set, float* y, const Volume& slab,
                           float* x);

}  // namespace tomoslab
