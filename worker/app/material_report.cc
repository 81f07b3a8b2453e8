#include "worker/app/material_report.h"

#include "absl/strings/str_format.h"

namespace tomoslab {

v1::MaterialReport MaterialReportOf(const DartState& state, const Volume& volume) {
  const double voxel_mm3 = volume.voxel_width_mm * volume.voxel_width_mm * volume.voxel_height_mm;
  v1::MaterialReport report;
  for (std::size_t m = 0; m < state.counts.voxels.size(); ++m) {
    v1::MaterialReport::Entry* entry = report.add_entry();
    entry->set_name(m == 0 ? "air" : absl::StrFormat("material %d", m));
    entry->set_grey_value_per_mm(m == 0 ? 0 : state.grey_values[m - 1]);
    entry->set_density_factor(m == 0 ? 1 : state.density_factors[m - 1]);
    entry->set_voxels(state.counts.voxels[m]);
    entry->set_volume_mm3(voxel_mm3 * static_cast<double>(state.counts.voxels[m]));
  }
  return report;
}

}  // namespace tomoslab
