#include "proto/beam_model_values.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/plain_text.h"
#include "worker/core/status.h"
#include "worker/physics/material_basis.h"

namespace tomoslab {
namespace {

constexpr int kMostFilters = 32;
constexpr std::size_t kLongestName = 200;  // bytes

absl::Status In(const std::string& field, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", status.message()));
}

absl::StatusOr<EnergyTable> ToEnergyTable(const std::string& field, const v1::EnergyTable& table) {
  absl::StatusOr<EnergyTable> result =
      EnergyTable::Create({table.energy_kev().begin(), table.energy_kev().end()},
                          {table.value().begin(), table.value().end()});
  if (!result.ok()) return In(field, result.status());
  return result;
}

Composition ToComposition(const v1::Composition& composition) {
  return {composition.formula(), composition.density_g_per_cm3()};
}

/// Also resolves what it is made of, so that an error names the field.
absl::StatusOr<Filter> ToFilter(const std::string& field, const v1::Filter& filter) {
  Filter result{ToComposition(filter.composition()), filter.thickness_mm()};
  const auto depths = FilterDepths(result, {});
  if (!depths.ok()) return In(field, depths.status());
  return result;
}

absl::StatusOr<Source> ToSource(const v1::Source& source) {
  Source result;
  switch (source.kind_case()) {
    case v1::Source::kTube: {
      Tube tube{.voltage_kv = source.tube().voltage_kv()};
      if (!source.tube().target().empty()) tube.target = source.tube().target();
      if (source.tube().takeoff_angle_deg() != 0) {
        tube.takeoff_angle_deg = source.tube().takeoff_angle_deg();
      }
      result.emission = std::move(tube);
      break;
    }
    case v1::Source::kSpectrum: {
      TOMOSLAB_ASSIGN_OR_RETURN(EnergyTable spectrum,
                                ToEnergyTable("beam_model.source.spectrum", source.spectrum()));
      result.emission = std::move(spectrum);
      break;
    }
    case v1::Source::KIND_NOT_SET:
      return absl::InvalidArgumentError(
          "beam_model.source names neither a tube (voltage_kv, target) nor a spectrum (energy_kev, "
          "value)");
  }
  if (source.filter_size() > kMostFilters) {
    return absl::InvalidArgumentError(
        absl::StrFormat("beam_model.source has %d filters; at most %d are possible",
                        source.filter_size(), kMostFilters));
  }
  for (int i = 0; i < source.filter_size(); ++i) {
    TOMOSLAB_ASSIGN_OR_RETURN(
        Filter filter,
        ToFilter(absl::StrFormat("beam_model.source.filter[%d]", i), source.filter(i)));
    result.filters.push_back(std::move(filter));
  }
  return result;
}

absl::StatusOr<DetectorResponse> ToDetectorResponse(const v1::DetectorResponse& detector) {
  DetectorResponse result;
  result.energy_integrating = detector.energy_integrating();
  if (detector.has_absorber()) {
    TOMOSLAB_ASSIGN_OR_RETURN(result.absorber,
                              ToFilter("beam_model.detector.absorber", detector.absorber()));
  }
  if (detector.has_table()) {
    TOMOSLAB_ASSIGN_OR_RETURN(result.table,
                              ToEnergyTable("beam_model.detector.table", detector.table()));
  }
  return result;
}

absl::StatusOr<Attenuation> ToAttenuation(const std::string& field, const v1::Material& material) {
  if (material.has_attenuation_per_mm()) {
    TOMOSLAB_ASSIGN_OR_RETURN(EnergyTable table, ToEnergyTable(field + ".attenuation_per_mm",
                                                               material.attenuation_per_mm()));
    return Attenuation(std::move(table));
  }
  absl::StatusOr<Attenuation> attenuation = Attenuation::Of(ToComposition(material.composition()));
  if (!attenuation.ok()) return In(field + ".composition", attenuation.status());
  return attenuation;
}

absl::StatusOr<NamedAttenuation> ToMaterial(int index, const v1::Material& material) {
  const std::string field = absl::StrFormat("beam_model.material[%d]", index);
  if (material.attenuation_case() == v1::Material::ATTENUATION_NOT_SET) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " ('", material.name(),
                     "') has neither a composition (formula, density_g_per_cm3) nor a table "
                     "attenuation_per_mm"));
  }
  std::string name = material.name();
  if (name.empty()) name = material.composition().formula();
  if (name.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(field, " has no name; a table needs one"));
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckPlainText(field + ".name", name, kLongestName));
  absl::StatusOr<Attenuation> attenuation = ToAttenuation(field, material);
  if (!attenuation.ok()) return attenuation.status();
  return NamedAttenuation{std::move(name), *std::move(attenuation)};
}

}  // namespace

absl::StatusOr<BeamDescription> ToBeamDescription(const v1::BeamModel& message) {
  BeamDescription description;
  TOMOSLAB_ASSIGN_OR_RETURN(description.source, ToSource(message.source()));
  TOMOSLAB_ASSIGN_OR_RETURN(description.detector, ToDetectorResponse(message.detector()));
  if (message.material_size() > kMostMaterials) {
    return absl::InvalidArgumentError(
        absl::StrFormat("beam_model has %d materials; 1 .. %d are possible (air is always there)",
                        message.material_size(), kMostMaterials));
  }
  for (int m = 0; m < message.material_size(); ++m) {
    TOMOSLAB_ASSIGN_OR_RETURN(NamedAttenuation material, ToMaterial(m, message.material(m)));
    description.materials.push_back(std::move(material));
  }
  description.reference_energy_kev = message.reference_energy_kev();
  if (message.compression_tolerance() != 0) {
    description.compression_tolerance = message.compression_tolerance();
  }
  description.scatter_fraction = message.scatter_fraction();
  return description;
}

absl::StatusOr<std::vector<std::string>> CheckBeamModel(const v1::BeamModel& message,
                                                        const Volume& volume) {
  TOMOSLAB_ASSIGN_OR_RETURN(const BeamDescription description, ToBeamDescription(message));
  absl::StatusOr<MadeBeamModel> made = MakeFullBeamModel(description, volume.DiagonalMm());
  if (!made.ok()) return In("beam_model", made.status());
  return std::move(made->warnings);
}

absl::StatusOr<MadeBeamModel> MakeBeamModel(const v1::BeamModel& message, const Volume& volume) {
  TOMOSLAB_ASSIGN_OR_RETURN(const BeamDescription description, ToBeamDescription(message));
  absl::StatusOr<MadeBeamModel> made = MakeBeamModel(description, volume.DiagonalMm());
  if (!made.ok()) return In("beam_model", made.status());
  return made;
}

}  // namespace tomoslab
