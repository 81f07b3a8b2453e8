#include "worker/physics/make_beam_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"
#include "worker/physics/material_basis.h"
#include "worker/physics/material_checks.h"
#include "worker/physics/spectrum_compression.h"

namespace tomoslab {
namespace {

constexpr double kMedianLineIntegral = 2;  // beyond it the median ray of a good scan does not go
constexpr double kLargestTolerance = 0.1;
constexpr double kLargestScatter = 0.5;

absl::Status CheckDescription(const BeamDescription& description) {
  const std::size_t materials = description.materials.size();
  if (materials < 1 || materials > static_cast<std::size_t>(kMostMaterials)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d materials; a beam model has 1 .. %d (air is always there)", materials, kMostMaterials));
  }
  std::set<std::string> names;
  for (std::size_t m = 0; m < materials; ++m) {
    const std::string& name = description.materials[m].name;
    if (name.empty()) {
      return absl::InvalidArgumentError(absl::StrFormat("material[%d] has no name", m));
    }
    if (!names.insert(name).second) {
      return absl::InvalidArgumentError(
          absl::StrFormat("two materials are named '%s'; names must differ", name));
    }
  }
  const double tolerance = description.compression_tolerance;
  if (!(tolerance > 0 && tolerance <= kLargestTolerance)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("compression_tolerance = %g is not above 0 and at most %g (0 in a job "
                        "stands for %g)",
                        tolerance, kLargestTolerance, kDefaultCompressionTolerance));
  }
  const double scatter = description.scatter_fraction;
  if (!(scatter >= 0 && scatter <= kLargestScatter)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("scatter_fraction = %g is outside 0 .. %g of the reading without object; "
                        "is it in percent?",
                        scatter, kLargestScatter));
  }
  const double reference = description.reference_energy_kev;
  if (reference != 0 && !(reference >= kLowestTableKev && reference <= kHighestTableKev)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "reference_energy_kev = %g is neither 0 (chosen) nor within %g .. %g keV; is it in eV?",
        reference, kLowestTableKev, kHighestTableKev));
  }
  return absl::OkStatus();
}

absl::StatusOr<double> MaterialAt(const NamedAttenuation& material, double energy_kev) {
  absl::StatusOr<double> attenuation = material.attenuation.At(energy_kev);
  if (!attenuation.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("material '", material.name, "': ", attenuation.status().message()));
  }
  return attenuation;
}

absl::StatusOr<std::vector<double>> MaterialAt(const NamedAttenuation& material,
                                               const std::vector<double>& energy_kev) {
  std::vector<double> attenuation;
  for (const double energy : energy_kev) {
    TOMOSLAB_ASSIGN_OR_RETURN(const double per_mm, MaterialAt(material, energy));
    attenuation.push_back(per_mm);
  }
  return attenuation;
}

/// The spectrum behind `length_mm` of a material (1/mm per energy).
Spectrum Transmitted(Spectrum spectrum, const std::vector<double>& attenuation, double length_mm) {
  for (std::size_t e = 0; e < spectrum.share.size(); ++e) {
    spectrum.share[e] *= std::exp(-attenuation[e] * length_mm);
  }
  return spectrum;
}

double LineIntegralBehind(const Spectrum& spectrum, const std::vector<double>& attenuation,
                          double length_mm) {
  const Spectrum behind = Transmitted(spectrum, attenuation, length_mm);
  return -std::log(std::accumulate(behind.share.begin(), behind.share.end(), 0.0));
}

/// Half the longest path, or less where p would exceed kMedianLineIntegral.
double MedianPath(const Spectrum& spectrum, const std::vector<double>& attenuation,
                  double longest_path_mm) {
  double low = 0, high = longest_path_mm / 2;
  if (LineIntegralBehind(spectrum, attenuation, high) <= kMedianLineIntegral) return high;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    const bool thin = LineIntegralBehind(spectrum, attenuation, middle) <= kMedianLineIntegral;
    (thin ? low : high) = middle;
  }
  return low;
}

double ChooseReferenceEnergy(const FullSpectrum& full, double longest_path_mm) {
  const std::vector<double>* weakest = nullptr;
  double weakest_mean = 0;
  for (const std::vector<double>& attenuation : full.attenuation_per_mm) {
    const double mean = std::inner_product(attenuation.begin(), attenuation.end(),
                                           full.spectrum.share.begin(), 0.0);
    if (weakest == nullptr || mean < weakest_mean) weakest = &attenuation, weakest_mean = mean;
  }
  const double path = MedianPath(full.spectrum, *weakest, longest_path_mm);
  const double mean = MeanEnergyKev(Transmitted(full.spectrum, *weakest, path));
  return std::clamp(std::round(mean), full.spectrum.energy_kev.front(),
                    full.spectrum.energy_kev.back());
}

/// model.materials: names and nodes; `full` and they sorted by node.
absl::Status AddSortedMaterials(const BeamDescription& description, BeamModel& model,
                                FullSpectrum& full) {
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t m = 0; m < description.materials.size(); ++m) {
    TOMOSLAB_ASSIGN_OR_RETURN(const double node,
                              MaterialAt(description.materials[m], model.reference_energy_kev));
    order.emplace_back(node, m);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::vector<double>> sorted;
  for (const auto& [node, m] : order) {
    model.materials.push_back({description.materials[m].name, node, {}});
    sorted.push_back(std::move(full.attenuation_per_mm[m]));
  }
  full.attenuation_per_mm = std::move(sorted);
  return absl::OkStatus();
}

/// One more energy, in front, that nothing attenuates.
void AddScatter(double fraction, BeamModel& model) {
  for (double& share : model.share) share *= 1 - fraction;
  model.energy_kev.insert(model.energy_kev.begin(), 0);
  model.share.insert(model.share.begin(), fraction);
  for (BeamMaterial& material : model.materials) {
    material.attenuation_per_mm.insert(material.attenuation_per_mm.begin(), 0);
  }
}

/// model.energy_kev, share and the materials' attenuation from some energies of the full spectrum,
/// and scatter.
void SetEnergies(const FullSpectrum& full, const CompressedSpectrum& few, double scatter_fraction,
                 BeamModel& model) {
  model.share = few.share;
  model.compression_error = few.error;
  model.energy_kev.clear();
  for (const std::size_t e : few.energy) model.energy_kev.push_back(full.spectrum.energy_kev[e]);
  for (std::size_t m = 0; m < model.materials.size(); ++m) {
    std::vector<double>& attenuation = model.materials[m].attenuation_per_mm;
    attenuation.clear();
    for (const std::size_t e : few.energy) attenuation.push_back(full.attenuation_per_mm[m][e]);
  }
  if (scatter_fraction > 0) AddScatter(scatter_fraction, model);
}

CompressedSpectrum AllEnergies(const Spectrum& spectrum) {
  CompressedSpectrum all{std::vector<std::size_t>(spectrum.share.size()), spectrum.share, 0};
  std::iota(all.energy.begin(), all.energy.end(), 0);
  return all;
}

void WarnOfReferenceEnergy(const Spectrum& spectrum, const BeamModel& model,
                           std::vector<std::string>& warnings) {
  const double low = spectrum.energy_kev.front(), high = spectrum.energy_kev.back();
  if (model.reference_energy_kev < low || model.reference_energy_kev > high) {
    warnings.push_back(absl::StrFormat(
        "reference_energy_kev = %g lies outside the detected spectrum, %g .. %g keV: the image "
        "shows values that nothing has measured",
        model.reference_energy_kev, low, high));
  }
}

}  // namespace

absl::StatusOr<MadeBeamModel> MakeFullBeamModel(const BeamDescription& description,
                                                double longest_path_mm) {
  TOMOSLAB_RETURN_IF_ERROR(CheckDescription(description));
  if (!(longest_path_mm > 0) || !std::isfinite(longest_path_mm)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the longest path in the volume is %g mm", longest_path_mm));
  }
  MadeBeamModel made;
  TOMOSLAB_ASSIGN_OR_RETURN(made.full.spectrum,
                            DetectedSpectrum(description.source, description.detector));
  for (const NamedAttenuation& material : description.materials) {
    TOMOSLAB_ASSIGN_OR_RETURN(std::vector<double> attenuation,
                              MaterialAt(material, made.full.spectrum.energy_kev));
    made.full.attenuation_per_mm.push_back(std::move(attenuation));
  }
  BeamModel& model = made.model;
  model.reference_energy_kev = description.reference_energy_kev != 0
                                   ? description.reference_energy_kev
                                   : ChooseReferenceEnergy(made.full, longest_path_mm);
  TOMOSLAB_RETURN_IF_ERROR(AddSortedMaterials(description, model, made.full));
  TOMOSLAB_RETURN_IF_ERROR(CheckNodes(model, made.warnings));
  WarnOfIndistinctMaterials(model, made.full.spectrum, made.full.attenuation_per_mm, made.warnings);
  WarnOfReferenceEnergy(made.full.spectrum, model, made.warnings);
  SetEnergies(made.full, AllEnergies(made.full.spectrum), description.scatter_fraction, model);
  return made;
}

absl::StatusOr<MadeBeamModel> MakeBeamModel(const BeamDescription& description,
                                            double longest_path_mm) {
  TOMOSLAB_ASSIGN_OR_RETURN(MadeBeamModel made, MakeFullBeamModel(description, longest_path_mm));
  if (made.full.spectrum.share.size() <= kEnergiesKeptAsTheyAre) return made;
  const double tolerance = description.compression_tolerance;
  const CompressedSpectrum few = CompressSpectrum(made.full.spectrum, made.full.attenuation_per_mm,
                                                  longest_path_mm, tolerance);
  SetEnergies(made.full, few, description.scatter_fraction, made.model);
  if (few.error > tolerance) {
    made.warnings.push_back(absl::StrFormat(
        "the spectrum was replaced by %d energies with an error of %.2g in line integrals, more "
        "than compression_tolerance = %g",
        few.energy.size(), few.error, tolerance));
  }
  return made;
}

absl::StatusOr<std::vector<double>> AttenuationsAt(const BeamDescription& description,
                                                   const BeamModel& model, double energy_kev) {
  std::vector<double> attenuations;
  for (const BeamMaterial& material : model.materials) {
    for (const NamedAttenuation& described : description.materials) {
      if (described.name != material.name) continue;
      TOMOSLAB_ASSIGN_OR_RETURN(const double per_mm, MaterialAt(described, energy_kev));
      attenuations.push_back(per_mm);
    }
  }
  return attenuations;
}

}  // namespace tomoslab
