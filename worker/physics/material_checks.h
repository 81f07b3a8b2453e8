// Whether the materials of a beam model can be told apart.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "worker/physics/beam_model.h"
#include "worker/physics/spectrum.h"

namespace tomoslab {

/// InvalidArgument when two materials of the (sorted) model are within 2 % of each other at the
/// reference energy, or one attenuates nothing there. Warnings are appended: within 15 %.
absl::Status CheckNodes(const BeamModel& model, std::vector<std::string>& warnings);

/// Warnings about pairs of materials whose attenuation curves are proportional or cross within the
/// spectrum, and about more materials than energies.
///   attenuation_per_mm: [material][energy of the spectrum], in the model's order.
void WarnOfIndistinctMaterials(const BeamModel& model, const Spectrum& spectrum,
                               const std::vector<std::vector<double>>& attenuation_per_mm,
                               std::vector<std::string>& warnings);

}  // namespace tomoslab
