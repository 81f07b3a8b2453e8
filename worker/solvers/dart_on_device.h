// What DART does per voxel, for fields on an accelerator; the host's is beside each of these, in
// dart_segmentation.h, free_voxels.h, neighbourhood.h and voxel_labels.h, which call them.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/core/accelerator.h"
#include "worker/operators/field.h"
#include "worker/operators/voxel_grid.h"
#include "worker/physics/material_table.h"
#include "worker/solvers/device_dart_bodies.h"

namespace tomoslab {

/// One byte per voxel held here: a label, or whether the voxel is in a mask.
class VoxelBytes {
 public:
  /// All 0. accelerator: outlives this. Throws DeviceMemoryError.
  VoxelBytes(Accelerator* accelerator, std::int64_t voxels);

  Accelerator* accelerator() const { return accelerator_; }
  std::uint8_t* data() const { return bytes_.data(); }
  std::int64_t size() const { return bytes_.count(); }

 private:
  Accelerator* accelerator_;
  DeviceArray<std::uint8_t> bytes_;
};

/// labels ← the materials of x; returns this rank's voxels of every label and, as the last number,
/// those whose label changed.
std::vector<std::int64_t> SegmentOnDevice(const Field& x, const MaterialLabels& materials,
                                          const VoxelBytes& labels);
void IndicatorOnDevice(const Field& x, const MaterialLabels& materials, int label, Field& out);
void DiscretizeOnDevice(const Field& x, const MaterialLabels& materials, Field& out);

/// mask ← all voxels
void AllVoxelsOnDevice(const VoxelBytes& mask);
/// mask ← the voxels with a neighbour of another label, and a few at random. Collective.
void FreeVoxelsOnDevice(const VoxelGrid& grid, const VoxelBytes& labels,
                        const device::RandomVoxels& random, const VoxelBytes& mask);
std::int64_t CountOnDevice(const VoxelBytes& mask);

/// x ← smoothed by β with its neighbours, in the mask. Collective.
void SmoothOnDevice(const VoxelGrid& grid, const VoxelBytes& mask, double beta, Field& x);
/// x ← the labels' grey values, outside the mask.
void FixOnDevice(const VoxelBytes& mask, const VoxelBytes& labels, const MaterialLabels& materials,
                 Field& x);
/// x ← 0 outside the mask.
void KeepOnlyOnDevice(const VoxelBytes& mask, Field& x);

}  // namespace tomoslab
