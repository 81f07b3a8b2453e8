#include "worker/solvers/free_voxels.h"

#include <vector>

namespace tomoslab {

void InsertRandom(const VoxelGrid& grid, double fraction, std::uint64_t seed,
                  std::uint64_t iteration, VoxelMask& mask) {
  ForVoxelLines(grid.outer(), [&](std::int64_t outer) {
    for (std::int64_t z = 0; z < grid.slab.size(); ++z) {
      const std::int64_t voxel = (grid.slab.begin + z) * grid.outer() + outer;
      if (UniformOf(seed, iteration, static_cast<std::uint64_t>(voxel)) < fraction)
        mask.Insert(outer, z);
    }
  });
}

void InsertAll(const VoxelGrid& grid, VoxelMask& mask) {
  if (mask.on_device() != nullptr) return AllVoxelsOnDevice(*mask.on_device());
  InsertRandom(grid, 2, 0, 0, mask);  // every number is below 2
}

std::int64_t CountLocal(const VoxelGrid& grid, const VoxelMask& mask) {
  if (mask.on_device() != nullptr) return CountOnDevice(*mask.on_device());
  std::int64_t count = 0;
  for (std::int64_t outer = 0; outer < grid.outer(); ++outer) {
    for (std::int64_t z = 0; z < grid.slab.size(); ++z) count += mask.Contains(outer, z) ? 1 : 0;
  }
  return count;
}

}  // namespace tomoslab
