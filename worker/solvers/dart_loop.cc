#include "worker/solvers/dart_loop.h"

namespace tomoslab {

VoxelMask FreeVoxels(const VoxelGrid& grid, const VoxelLabels& labels, const LabelCounts& counts,
                     const DartLoopOptions& options, int iteration) {
  VoxelMask free(grid);
  if (counts.voxels[0] == grid.voxels()) {
    InsertAll(grid, free);  // nothing to hold on to yet: go on without labels
    return free;
  }
  InsertBoundary(grid, labels, free);
  InsertRandom(grid, options.free_fraction, options.seed, static_cast<std::uint64_t>(iteration),
               free);
  return free;
}

}  // namespace tomoslab
