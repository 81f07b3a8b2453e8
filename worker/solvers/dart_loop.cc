#include "worker/solvers/dart_loop.h"

namespace tomoslab {

VoxelMask FreeVoxels(const VoxelGrid& grid, const VoxelLabels& labels, const LabelCounts& counts,
                     const DartLoopOptions& options, int iteration) {
  const VoxelBytes* on_device = labels.on_device();
  VoxelMask free(grid, on_device != nullptr ? on_device->accelerator() : nullptr);
  if (counts.voxels[0] == grid.voxels()) {
    InsertAll(grid, free);  // nothing to hold on to yet: go on without labels
    return free;
  }
  const auto number = static_cast<std::uint64_t>(iteration);
  if (on_device != nullptr) {
    FreeVoxelsOnDevice(grid, *on_device, {options.free_fraction, options.seed, number},
                       *free.on_device());
    return free;
  }
  InsertBoundary(grid, labels, free);
  InsertRandom(grid, options.free_fraction, options.seed, number, free);
  return free;
}

}  // namespace tomoslab
