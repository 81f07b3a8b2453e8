// The 26 neighbours of a voxel (8 in a volume of one slice), across slabs: DART's boundary and its
// smoothing.
#pragma once

#include "worker/operators/field.h"
#include "worker/operators/voxel_grid.h"
#include "worker/solvers/voxel_labels.h"

namespace tomoslab {

/// Adds the voxels that have a neighbour of another label to `mask`; both in host memory. What lies
/// outside the volume is no neighbour. Collective: exchanges one slice of labels with each
/// neighbouring slab.
void InsertBoundary(const VoxelGrid& grid, const VoxelLabels& labels, VoxelMask& mask);

/// x_j ← (1 − β) x_j + β · (mean of the neighbours' old values) for the voxels in the mask; at the
/// ends of the volume its outermost voxels repeat. Collective, like InsertBoundary.
/// Memory: one more volume for the time of the call.
void Smooth(const VoxelGrid& grid, const VoxelMask& mask, double beta, Field& x);

}  // namespace tomoslab
