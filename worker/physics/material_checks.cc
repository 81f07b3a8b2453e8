#include "worker/physics/material_checks.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace tomoslab {
namespace {

constexpr double kTooClose = 0.02, kClose = 0.15;  // relative to the smaller one
constexpr double kProportional = 0.02;             // spread of the ratio of two curves
constexpr double kShareThatMatters = 1e-4;

/// Smallest and largest ratio of two curves where the spectrum has a share, and where that is.
struct Ratios {
  double least = 1e300, most = 0;
  double least_kev = 0, most_kev = 0;
};

Ratios RatiosOf(const Spectrum& spectrum, const std::vector<double>& lower,
                const std::vector<double>& upper) {
  Ratios ratios;
  for (std::size_t e = 0; e < spectrum.share.size(); ++e) {
    if (spectrum.share[e] < kShareThatMatters || !(lower[e] > 0)) continue;
    const double ratio = upper[e] / lower[e];
    if (ratio < ratios.least) ratios.least = ratio, ratios.least_kev = spectrum.energy_kev[e];
    if (ratio > ratios.most) ratios.most = ratio, ratios.most_kev = spectrum.energy_kev[e];
  }
  return ratios;
}

}  // namespace

absl::Status CheckNodes(const BeamModel& model, std::vector<std::string>& warnings) {
  for (std::size_t m = 0; m < model.materials.size(); ++m) {
    const BeamMaterial& material = model.materials[m];
    if (!(material.reference_per_mm > 0)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "material '%s' attenuates nothing at the reference energy of %g keV; air is a material "
          "already, leave '%s' out",
          material.name, model.reference_energy_kev, material.name));
    }
    if (m == 0) continue;
    const BeamMaterial& below = model.materials[m - 1];
    const double apart = material.reference_per_mm / below.reference_per_mm - 1;
    if (apart >= kClose) continue;
    const std::string what = absl::StrFormat(
        "materials '%s' (%.6g 1/mm) and '%s' (%.6g 1/mm) are only %.2g %% apart at the reference "
        "energy of %g keV",
        below.name, below.reference_per_mm, material.name, material.reference_per_mm, 100 * apart,
        model.reference_energy_kev);
    if (apart < kTooClose) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s, less than %g %%: no image can separate them; leave one out, or set "
                          "reference_energy_kev to an energy at which they differ",
                          what, 100 * kTooClose));
    }
    warnings.push_back(
        absl::StrFormat("%s, less than %g %%: noise and partial volumes will mix them; another "
                        "reference_energy_kev may separate them better",
                        what, 100 * kClose));
  }
  return absl::OkStatus();
}

void WarnOfIndistinctMaterials(const BeamModel& model, const Spectrum& spectrum,
                               const std::vector<std::vector<double>>& attenuation_per_mm,
                               std::vector<std::string>& warnings) {
  const std::size_t materials = model.materials.size();
  if (materials > spectrum.energy_kev.size()) {
    warnings.push_back(absl::StrFormat(
        "%d materials but only %d energies: the data cannot tell so many materials apart by their "
        "beam hardening, only by their attenuation",
        materials, spectrum.energy_kev.size()));
  }
  for (std::size_t a = 0; a < materials; ++a) {
    for (std::size_t b = a + 1; b < materials; ++b) {
      const std::string &lower = model.materials[a].name, &upper = model.materials[b].name;
      const Ratios ratios = RatiosOf(spectrum, attenuation_per_mm[a], attenuation_per_mm[b]);
      if (ratios.most <= ratios.least * (1 + kProportional) && spectrum.share.size() > 1) {
        warnings.push_back(absl::StrFormat(
            "the attenuation of '%s' is %.3g times that of '%s' at every energy of the spectrum, "
            "within %g %%: they harden the beam alike, and the data can tell them apart only as "
            "densities of one material",
            upper, ratios.least, lower, 100 * kProportional));
      }
      if (ratios.least < 1 && ratios.most > 1) {
        warnings.push_back(absl::StrFormat(
            "'%s' attenuates more than '%s' at %g keV but less at %g keV, and both lie in the "
            "spectrum: values between them are ambiguous; another reference_energy_kev does not "
            "help, another spectrum might",
            upper, lower, ratios.most_kev, ratios.least_kev));
      }
    }
  }
}

}  // namespace tomoslab
