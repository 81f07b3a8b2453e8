#include "client/beam_options.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "worker/core/status.h"
#include "worker/data/energy_csv.h"
#include "worker/physics/attenuation.h"

namespace tomoslab {
namespace {

absl::Status In(const char* flag, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(flag, ": ", status.message()));
}

void Set(const Composition& composition, v1::Composition* message) {
  message->set_formula(composition.formula);
  message->set_density_g_per_cm3(composition.density_g_per_cm3);
}

absl::Status SetFilter(const char* flag, const std::string& text, v1::Filter* message) {
  const absl::StatusOr<Filter> filter = ParseFilter(text);
  if (!filter.ok()) return In(flag, filter.status());
  Set(filter->composition, message->mutable_composition());
  message->set_thickness_mm(filter->thickness_mm);
  return absl::OkStatus();
}

absl::Status SetSource(const BeamOptions& options, v1::Source* source) {
  if (options.tube_kv && !options.spectrum_csv.empty())
    return absl::InvalidArgumentError("--tube-kv and --spectrum exclude each other");
  const bool tube = options.tube_kv || options.takeoff_angle_deg || !options.target.empty();
  if (tube && !options.tube_kv && !source->has_tube())
    return absl::InvalidArgumentError("--target and --takeoff-deg need --tube-kv");
  if (options.tube_kv) source->mutable_tube()->set_voltage_kv(*options.tube_kv);
  if (options.takeoff_angle_deg)
    source->mutable_tube()->set_takeoff_angle_deg(*options.takeoff_angle_deg);
  if (!options.target.empty()) source->mutable_tube()->set_target(options.target);
  if (!options.spectrum_csv.empty()) {
    const absl::StatusOr<EnergyCsv> csv = ReadEnergyCsv(options.spectrum_csv);
    if (!csv.ok()) return In("--spectrum", csv.status());
    v1::EnergyTable* table = source->mutable_spectrum();
    table->mutable_energy_kev()->Assign(csv->energy_kev.begin(), csv->energy_kev.end());
    table->mutable_value()->Assign(csv->value[0].begin(), csv->value[0].end());
  }
  if (!options.filters.empty()) source->clear_filter();
  for (const std::string& text : options.filters)
    TOMOSLAB_RETURN_IF_ERROR(SetFilter("--filter", text, source->add_filter()));
  return absl::OkStatus();
}

absl::Status SetMaterial(const std::string& text, v1::Material* message) {
  const std::size_t equals = text.find('=');
  const bool named = equals != std::string::npos;
  const auto composition = ParseComposition(named ? text.substr(equals + 1) : text);
  if (!composition.ok()) return In("--material", composition.status());
  if (named) message->set_name(text.substr(0, equals));
  Set(*composition, message->mutable_composition());
  return absl::OkStatus();
}

}  // namespace

bool BeamOptions::IsSet() const {
  return tube_kv || takeoff_angle_deg || !target.empty() || !spectrum_csv.empty() ||
         !filters.empty() || !absorber.empty() || energy_integrating || !materials.empty() ||
         reference_energy_kev || compression_tolerance || scatter_fraction;
}

absl::Status ApplyBeamOptions(const BeamOptions& options, v1::BeamModel* model) {
  TOMOSLAB_RETURN_IF_ERROR(SetSource(options, model->mutable_source()));
  if (!options.absorber.empty()) {
    TOMOSLAB_RETURN_IF_ERROR(
        SetFilter("--detector", options.absorber, model->mutable_detector()->mutable_absorber()));
  }
  if (options.energy_integrating) model->mutable_detector()->set_energy_integrating(true);
  if (!options.materials.empty()) model->clear_material();
  for (const std::string& text : options.materials)
    TOMOSLAB_RETURN_IF_ERROR(SetMaterial(text, model->add_material()));
  if (options.reference_energy_kev) model->set_reference_energy_kev(*options.reference_energy_kev);
  if (options.compression_tolerance)
    model->set_compression_tolerance(*options.compression_tolerance);
  if (options.scatter_fraction) model->set_scatter_fraction(*options.scatter_fraction);
  return absl::OkStatus();
}

}  // namespace tomoslab
