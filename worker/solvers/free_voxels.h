// Which voxels a DART iteration may change: the boundary, and a few chosen at random.
#pragma once

#include <cstdint>

#include "worker/operators/voxel_grid.h"
#include "worker/solvers/uniform_of.h"
#include "worker/solvers/voxel_labels.h"

namespace tomoslab {

/// Adds the voxels with UniformOf < fraction to `mask`, in host memory.
void InsertRandom(const VoxelGrid& grid, double fraction, std::uint64_t seed,
                  std::uint64_t iteration, VoxelMask& mask);

/// Adds every voxel to `mask`.
void InsertAll(const VoxelGrid& grid, VoxelMask& mask);

/// The voxels in the mask that this rank holds.
std::int64_t CountLocal(const VoxelGrid& grid, const VoxelMask& mask);

}  // namespace tomoslab
