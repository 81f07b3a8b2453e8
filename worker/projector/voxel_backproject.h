// Voxel-driven backprojection, for FDK and FBP. Not the adjoint of the forward projection.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

/// x(voxel) ← x(voxel) + Σ_views y(view, row, column) / depth², where the voxel's centre projects
/// onto (row, column), bilinear between pixels and zero beyond the outermost, and depth is its
/// ProjectPoint depth (1 at the detector; 1 for parallel beams).
///   y: filtered and weighted projections of the band [view][column][row].   x: [y][x][z] of the
///   slab.
/// Feldkamp, Davis & Kress, J. Opt. Soc. Am. A 1(6), 1984 (with the distance weight relative to the
/// detector).
void BackprojectVoxels(const ProjectionBand& band, const float* y, const Volume& slab, float* x);

}  // namespace tomoslab
