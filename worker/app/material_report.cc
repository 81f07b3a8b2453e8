#include "worker/app/material_report.h"

#include <cstddef>

#include "proto/material_values.h"
#include "worker/physics/material_basis.h"

namespace tomoslab {
namespace {

double VoxelMm3(const Volume& volume) {
  return volume.voxel_width_mm * volume.voxel_width_mm * volume.voxel_height_mm;
}

}  // namespace

v1::MaterialReport MaterialReportOf(const DartState& state, const Volume& volume,
                                    v1::MaterialReport materials) {
  for (std::size_t m = 0; m < state.counts.voxels.size(); ++m) {
    v1::MaterialReport::Entry* entry = materials.mutable_entry(static_cast<int>(m));
    const double density = m == 0 ? 1 : state.density_factors[m - 1];
    entry->set_grey_value_per_mm(m == 0 ? 0 : state.grey_values[m - 1]);
    entry->set_density_factor(density);
    for (double& attenuation : *entry->mutable_attenuation_per_mm()) attenuation *= density;
    entry->set_voxels(state.counts.voxels[m]);
    entry->set_volume_mm3(VoxelMm3(volume) * static_cast<double>(state.counts.voxels[m]));
  }
  return materials;
}

void CountVoxels(const DistributedProjector& A, const Field& x, v1::MaterialReport* report) {
  VoxelLabels labels(A.grid(), x.accelerator());
  const LabelCounts counts = Segment(A.grid(), x, MaterialBasis(NodesOf(*report)), labels);
  for (int m = 0; m < report->entry_size(); ++m) {
    v1::MaterialReport::Entry* entry = report->mutable_entry(m);
    entry->set_voxels(counts.voxels[m]);
    entry->set_volume_mm3(VoxelMm3(A.volume()) * static_cast<double>(entry->voxels()));
  }
}

}  // namespace tomoslab
