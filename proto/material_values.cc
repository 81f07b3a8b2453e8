#include "proto/material_values.h"

namespace tomoslab {

v1::MaterialReport ToProto(const BeamModel& model) {
  v1::MaterialReport report;
  v1::MaterialReport::Entry* air = report.add_entry();
  air->set_name("air");
  air->set_density_factor(1);
  air->mutable_attenuation_per_mm()->Resize(static_cast<int>(model.energy_kev.size()), 0);
  for (const BeamMaterial& material : model.materials) {
    v1::MaterialReport::Entry* entry = report.add_entry();
    entry->set_name(material.name);
    entry->set_grey_value_per_mm(material.reference_per_mm);
    entry->set_density_factor(1);
    entry->mutable_attenuation_per_mm()->Assign(material.attenuation_per_mm.begin(),
                                                material.attenuation_per_mm.end());
  }
  report.set_reference_energy_kev(model.reference_energy_kev);
  report.mutable_energy_kev()->Assign(model.energy_kev.begin(), model.energy_kev.end());
  report.mutable_share()->Assign(model.share.begin(), model.share.end());
  report.set_compression_error(model.compression_error);
  return report;
}

BeamModel ToBeamModel(const v1::MaterialReport& report) {
  BeamModel model{.reference_energy_kev = report.reference_energy_kev(),
                  .energy_kev = {report.energy_kev().begin(), report.energy_kev().end()},
                  .share = {report.share().begin(), report.share().end()},
                  .materials = {},
                  .compression_error = report.compression_error()};
  for (const v1::MaterialReport::Entry& entry : report.entry()) {
    if (entry.grey_value_per_mm() == 0) continue;  // air
    model.materials.push_back(
        {entry.name(),
         entry.grey_value_per_mm(),
         {entry.attenuation_per_mm().begin(), entry.attenuation_per_mm().end()}});
  }
  return model;
}

std::vector<double> NodesOf(const v1::MaterialReport& report) {
  std::vector<double> nodes;
  for (int m = 1; m < report.entry_size(); ++m)
    nodes.push_back(report.entry(m).grey_value_per_mm());
  return nodes;
}

}  // namespace tomoslab
