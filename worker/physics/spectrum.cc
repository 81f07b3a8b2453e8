#include "worker/physics/spectrum.h"

#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr double kNegligibleLowEnd = 1e-6;

absl::Status Within(const std::string& where, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", status.message()));
}

absl::StatusOr<Spectrum> Emission(const Source& source) {
  if (const EnergyTable* table = std::get_if<EnergyTable>(&source.emission)) {
    return Spectrum{table->energy_kev(), table->value()};
  }
  absl::StatusOr<Spectrum> spectrum = TubeSpectrum(std::get<Tube>(source.emission));
  if (!spectrum.ok()) return Within("tube", spectrum.status());
  return spectrum;
}

absl::Status ApplyFilters(const std::vector<Filter>& filters, Spectrum& spectrum) {
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const auto depths = FilterDepths(filters[i], spectrum.energy_kev);
    if (!depths.ok()) return Within(absl::StrFormat("filter[%d]", i), depths.status());
    for (std::size_t e = 0; e < depths->size(); ++e) spectrum.share[e] *= std::exp(-(*depths)[e]);
  }
  return absl::OkStatus();
}

absl::Status ApplyResponse(const DetectorResponse& detector, Spectrum& spectrum) {
  if (detector.absorber) {
    const auto depths = FilterDepths(*detector.absorber, spectrum.energy_kev);
    if (!depths.ok()) return Within("detector.absorber", depths.status());
    for (std::size_t e = 0; e < depths->size(); ++e) {
      spectrum.share[e] *= -std::expm1(-(*depths)[e]);
    }
  }
  for (std::size_t e = 0; e < spectrum.share.size(); ++e) {
    if (detector.energy_integrating) spectrum.share[e] *= spectrum.energy_kev[e];
    if (!detector.table || spectrum.share[e] == 0) continue;
    const absl::StatusOr<double> response = detector.table->At(spectrum.energy_kev[e]);
    if (!response.ok()) return Within("detector.table", response.status());
    spectrum.share[e] *= *response;
  }
  return absl::OkStatus();
}

/// Σ share = 1, without energies that have none and without the low end that holds next to nothing.
absl::StatusOr<Spectrum> Normalised(const Spectrum& spectrum) {
  const double sum = std::accumulate(spectrum.share.begin(), spectrum.share.end(), 0.0);
  if (!(sum > 0) || !std::isfinite(sum)) {
    return absl::InvalidArgumentError(
        "nothing of the spectrum reaches the detector: all its shares are 0 after filters and "
        "detector response; use thinner filters, or give the spectrum behind them");
  }
  Spectrum result;
  double below = 0, kept = 0;
  for (std::size_t e = 0; e < spectrum.share.size(); ++e) {
    below += spectrum.share[e];
    if (below < kNegligibleLowEnd * sum || spectrum.share[e] == 0) continue;
    result.energy_kev.push_back(spectrum.energy_kev[e]);
    result.share.push_back(spectrum.share[e]);
    kept += spectrum.share[e];
  }
  for (double& share : result.share) share /= kept;
  return result;
}

}  // namespace

absl::StatusOr<Spectrum> DetectedSpectrum(const Source& source, const DetectorResponse& detector) {
  TOMOSLAB_ASSIGN_OR_RETURN(Spectrum spectrum, Emission(source));
  TOMOSLAB_RETURN_IF_ERROR(ApplyFilters(source.filters, spectrum));
  // First without what filters swallow: no response table reaches down to there.
  TOMOSLAB_ASSIGN_OR_RETURN(spectrum, Normalised(spectrum));
  TOMOSLAB_RETURN_IF_ERROR(ApplyResponse(detector, spectrum));
  return Normalised(spectrum);
}

double MeanEnergyKev(const Spectrum& spectrum) {
  double energy = 0, sum = 0;
  for (std::size_t e = 0; e < spectrum.share.size(); ++e) {
    energy += spectrum.share[e] * spectrum.energy_kev[e];
    sum += spectrum.share[e];
  }
  return energy / sum;
}

}  // namespace tomoslab
