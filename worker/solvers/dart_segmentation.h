// An image as a map of materials, and back.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "worker/operators/field.h"
#include "worker/operators/voxel_grid.h"
#include "worker/physics/material_basis.h"
#include "worker/solvers/voxel_labels.h"

namespace tomoslab {

/// Of all ranks together.
struct LabelCounts {
  std::vector<std::int64_t> voxels;  // of air and every material
  std::int64_t changed = 0;          // voxels whose label is another than before
};

/// labels ← the material of every voxel of x (MaterialBasis::Label). Collective.
LabelCounts Segment(const VoxelGrid& grid, const Field& x, const MaterialBasis& materials,
                    VoxelLabels& labels);

/// out ← 1 where the voxel's label is `label`, else 0.
void Indicator(const Field& x, const MaterialBasis& materials, int label, Field& out);

/// out ← the grey value of the voxel's material.
void Discretize(const Field& x, const MaterialBasis& materials, Field& out);

/// x ← the grey value of the voxel's label, outside the mask.
void FixToLabels(const VoxelMask& mask, const VoxelLabels& labels, const MaterialBasis& materials,
                 Field& x);

/// The integers of all ranks, added one by one; collective. `on` says which ranks.
std::vector<std::int64_t> SumOverRanks(const Field& on, absl::Span<const std::int64_t> local);

}  // namespace tomoslab
