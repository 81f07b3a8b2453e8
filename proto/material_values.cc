#include "proto/material_values.h"

#include <cmath>
#include <string>

#include "absl/strings/str_format.h"
#include "proto/plain_text.h"
#include "worker/core/status.h"
#include "worker/physics/energy_table.h"
#include "worker/physics/material_basis.h"

namespace tomoslab {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr int kMostEnergies = kMostTableEntries + 1;  // and scatter's

template <class Numbers>
absl::Status CheckNumbers(const std::string& field, const Numbers& numbers) {
  for (const double number : numbers) {
    if (std::isfinite(number) && number >= 0) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("materials.%s holds %g, not a finite number from 0", field, number));
  }
  return absl::OkStatus();
}

absl::Status CheckEntry(const v1::MaterialReport& report, int m) {
  const v1::MaterialReport::Entry& entry = report.entry(m);
  const std::string field = absl::StrFormat("entry[%d]", m);
  TOMOSLAB_RETURN_IF_ERROR(
      CheckPlainText("materials." + field + ".name", entry.name(), kLongestName));
  const double numbers[] = {entry.density_factor(), entry.volume_mm3(),
                            static_cast<double>(entry.voxels())};
  TOMOSLAB_RETURN_IF_ERROR(CheckNumbers(field, numbers));
  const double grey = entry.grey_value_per_mm();
  const bool ascends = m == 0 ? grey == 0 : grey > report.entry(m - 1).grey_value_per_mm();
  if (!ascends || !std::isfinite(grey)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "materials.%s.grey_value_per_mm = %g; they ascend from 0, which is air's", field, grey));
  }
  if (entry.attenuation_per_mm_size() != report.energy_kev_size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("materials.%s has %d attenuations at %d energies", field,
                        entry.attenuation_per_mm_size(), report.energy_kev_size()));
  }
  return CheckNumbers(field + ".attenuation_per_mm", entry.attenuation_per_mm());
}

}  // namespace

absl::Status CheckMaterials(const v1::MaterialReport& report) {
  if (report.entry_size() < 2 || report.entry_size() > kMostMaterials + 1 ||
      report.energy_kev_size() > kMostEnergies || report.share_size() != report.energy_kev_size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "materials: %d entries at %d energies with %d shares; air and 1 .. %d materials at up to "
        "%d energies are possible, each with a share",
        report.entry_size(), report.energy_kev_size(), report.share_size(), kMostMaterials,
        kMostEnergies));
  }
  const double numbers[] = {report.reference_energy_kev(), report.compression_error()};
  TOMOSLAB_RETURN_IF_ERROR(CheckNumbers("reference_energy_kev or compression_error", numbers));
  TOMOSLAB_RETURN_IF_ERROR(CheckNumbers("energy_kev", report.energy_kev()));
  TOMOSLAB_RETURN_IF_ERROR(CheckNumbers("share", report.share()));
  for (int m = 0; m < report.entry_size(); ++m) TOMOSLAB_RETURN_IF_ERROR(CheckEntry(report, m));
  return absl::OkStatus();
}

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
