// The two matched pairs y = A x, x = Aᵀ y, by name.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

/// kJoseph: one ray per pixel through interpolated voxels (joseph.h). kFootprint: the mean over the
/// pixel through voxels as boxes (footprint.h). docs/accuracy.md compares them.
enum class ProjectorModel { kJoseph, kFootprint };

/// As ProjectJoseph or ProjectFootprint.
void Project(ProjectorModel model, const Volume& slab, const float* x, const ProjectionBand& band,
             float* y);
/// As BackprojectJoseph or BackprojectFootprint.
void Backproject(ProjectorModel model, const ProjectionBand& band, float* y, const Volume& slab,
                 float* x);

}  // namespace tomoslab
