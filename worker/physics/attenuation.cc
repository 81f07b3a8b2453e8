#include "worker/physics/attenuation.h"

#include <xraylib/xraylib.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr double kThickestFilterMm = 1000;
constexpr double kCmPerMm = 0.1;

absl::StatusOr<double> SubstanceAttenuation(const Substance& substance, double energy_kev) {
  if (!(energy_kev >= kLowestXraylibKev && energy_kev <= kHighestXraylibKev)) {
    return absl::OutOfRangeError(
        absl::StrFormat("%g keV lies outside xraylib's cross sections, which cover %g .. %g keV; "
                        "give the material's attenuation as a table",
                        energy_kev, kLowestXraylibKev, kHighestXraylibKev));
  }
  double per_density = 0;  // cm²/g
  for (const ElementFraction& element : substance.elements) {
    per_density += element.weight * CS_Total(element.atomic_number, energy_kev, nullptr);
  }
  return per_density * substance.density_g_per_cm3 * kCmPerMm;
}

}  // namespace

absl::StatusOr<Attenuation> Attenuation::Of(const Composition& composition) {
  TOMOSLAB_ASSIGN_OR_RETURN(Substance substance, ResolveComposition(composition));
  return Attenuation(std::move(substance));
}

absl::StatusOr<double> Attenuation::At(double energy_kev) const {
  if (const EnergyTable* table = std::get_if<EnergyTable>(&source_)) return table->At(energy_kev);
  return SubstanceAttenuation(std::get<Substance>(source_), energy_kev);
}

absl::StatusOr<Filter> ParseFilter(const std::string& text) {
  const std::size_t space = text.rfind(' ');
  Filter filter;
  if (space == std::string::npos ||
      !absl::SimpleAtod(text.substr(space + 1), &filter.thickness_mm)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s' is not a material and a thickness in mm, as in \"Al 2\" or \"CsI@4.51 0.5\"", text));
  }
  TOMOSLAB_ASSIGN_OR_RETURN(filter.composition, ParseComposition(text.substr(0, space)));
  return filter;
}

absl::StatusOr<std::vector<double>> FilterDepths(const Filter& filter,
                                                 const std::vector<double>& energy_kev) {
  if (!(filter.thickness_mm > 0 && filter.thickness_mm <= kThickestFilterMm)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s': thickness_mm = %g is not above 0 and at most %g mm; leave out a filter that is not "
        "there",
        filter.composition.formula, filter.thickness_mm, kThickestFilterMm));
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const Attenuation attenuation, Attenuation::Of(filter.composition));
  std::vector<double> depths;
  for (const double energy : energy_kev) {
    TOMOSLAB_ASSIGN_OR_RETURN(const double per_mm, attenuation.At(energy));
    depths.push_back(per_mm * filter.thickness_mm);
  }
  return depths;
}

}  // namespace tomoslab
