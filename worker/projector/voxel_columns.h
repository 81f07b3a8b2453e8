// Voxel-driven backprojection of axis-aligned views: all voxels of one (x, y) lie on the same two
// detector columns, so that a view's part is a blend of the two and a resampling along the rows.
#pragma once

#include "worker/projector/joseph.h"

namespace tomoslab {

/// As BackprojectVoxels, for views that are all axis-aligned.
void BackprojectVoxelColumns(const ProjectionBand& band, const float* y, const Volume& slab,
                             float* x);

/// As BackprojectVoxels, for any views, voxel by voxel: the voxels x [columns), y [rows), z
/// [slices) only.
void BackprojectVoxelBox(const ProjectionBand& band, const float* y, const Volume& slab,
                         IndexRange columns, IndexRange rows, IndexRange slices, float* x);

}  // namespace tomoslab
