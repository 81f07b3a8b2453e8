// The X-rays as the command line says them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tomoslab/v1/beam_model.pb.h"

namespace tomoslab {

struct BeamOptions {
  std::optional<double> tube_kv, takeoff_angle_deg;
  std::string target;
  std::string spectrum_csv;          // energy_keV, photons
  std::vector<std::string> filters;  // "Al 2"
  std::string absorber;              // "CsI@4.51 0.5"
  bool energy_integrating = false;
  std::vector<std::string> materials;  // "[NAME=]FORMULA[@DENSITY]"
  std::optional<double> reference_energy_kev, compression_tolerance, scatter_fraction;

  /// Whether any of it was said.
  bool IsSet() const;
};

/// Replaces the parts of `model` that the flags name: a tube or spectrum, all filters, the
/// absorber, all materials. NotFound, InvalidArgument: the flag, and what is wrong with it; values
/// are checked later (proto/beam_model_values.h).
absl::Status ApplyBeamOptions(const BeamOptions& options, v1::BeamModel* model);

}  // namespace tomoslab
