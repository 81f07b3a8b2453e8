// The footprint model for any view, as the mean of several of Joseph's rays per pixel.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

/// Rays per pixel along the columns and along the rows.
struct SubRays {
  int columns, rows;
  friend bool operator==(const SubRays&, const SubRays&) = default;
};
/// No more than half a voxel apart at the volume's centre, two at least. The same for every slab.
SubRays SubRaysFor(const Volume& slab, const View& view);

/// As ProjectFootprint and BackprojectFootprint, for any view.
void ProjectFootprintRays(const Volume& slab, const float* x, const ProjectionBand& band, float* y);
void BackprojectFootprintRays(const ProjectionBand& band, float* y, const Volume& slab, float* x);

}  // namespace tomoslab
