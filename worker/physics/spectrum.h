// Photons by energy: what a source emits, and what a detector makes of it.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/physics/attenuation.h"
#include "worker/physics/energy_table.h"
#include "worker/physics/tube_spectrum.h"

namespace tomoslab {

/// Everything fixed between the target and the object or detector that the flat field has seen too.
struct Source {
  /// A tube, or numbers of photons per entry (relative; not interpolated) in front of the filters.
  std::variant<Tube, EnergyTable> emission;
  std::vector<Filter> filters;
};

/// What one photon adds to a pixel's reading: the product of the set parts; 1 where none is set.
struct DetectorResponse {
  bool energy_integrating = false;   // times its energy
  std::optional<Filter> absorber;    // times 1 − exp(−μ(E) thickness)
  std::optional<EnergyTable> table;  // times this, interpolated
};

/// The shares of the signal without an object, by energy: photons · exp(−Σ filters) · response,
/// Σ share = 1. Energies without a share, and the low end that together holds less than 1e-6, are
/// left out. InvalidArgument: a bad tube, filter or absorber, a response table that does not cover
/// the spectrum, a spectrum without photons; each says which.
absl::StatusOr<Spectrum> DetectedSpectrum(const Source& source, const DetectorResponse& detector);

/// Σ share E / Σ share.
double MeanEnergyKev(const Spectrum& spectrum);

}  // namespace tomoslab
