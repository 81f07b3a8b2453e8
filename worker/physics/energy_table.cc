#include "worker/physics/energy_table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

absl::Status CheckEntry(const std::vector<double>& energy_kev, double value, std::size_t i) {
  const double energy = energy_kev[i];
  if (!(energy >= kLowestTableKev && energy <= kHighestTableKev)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("energy_kev[%d] = %g is outside %g .. %g keV; is it in eV or MeV?", i,
                        energy, kLowestTableKev, kHighestTableKev));
  }
  if (i > 0 && energy <= energy_kev[i - 1]) {
    return absl::InvalidArgumentError(
        absl::StrFormat("energy_kev[%d] = %g follows %g: energies must ascend strictly", i, energy,
                        energy_kev[i - 1]));
  }
  if (!std::isfinite(value) || value < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "value[%d] = %g (at %g keV) is not a number from 0; set to 0 what noise made negative", i,
        value, energy));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EnergyTable> EnergyTable::Create(std::vector<double> energy_kev,
                                                std::vector<double> value) {
  if (energy_kev.empty()) {
    return absl::InvalidArgumentError("the table is empty; it needs at least one energy");
  }
  if (energy_kev.size() != value.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the table has %d energies but %d values; every energy needs one",
                        energy_kev.size(), value.size()));
  }
  if (energy_kev.size() > kMostTableEntries) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the table has %d entries, more than %d; leave out every second one or rebin it",
        energy_kev.size(), kMostTableEntries));
  }
  for (std::size_t i = 0; i < energy_kev.size(); ++i) {
    TOMOSLAB_RETURN_IF_ERROR(CheckEntry(energy_kev, value[i], i));
  }
  return EnergyTable(std::move(energy_kev), std::move(value));
}

absl::StatusOr<double> EnergyTable::At(double energy_kev) const {
  if (!(energy_kev >= energy_kev_.front() && energy_kev <= energy_kev_.back())) {
    return absl::OutOfRangeError(absl::StrFormat(
        "%g keV lies outside the table, which covers %g .. %g keV and is not extrapolated; extend "
        "it, or cut the spectrum to it",
        energy_kev, energy_kev_.front(), energy_kev_.back()));
  }
  const auto above = std::lower_bound(energy_kev_.begin(), energy_kev_.end(), energy_kev);
  const std::size_t i = above - energy_kev_.begin();
  if (*above == energy_kev) return value_[i];
  const double t = (energy_kev - energy_kev_[i - 1]) / (energy_kev_[i] - energy_kev_[i - 1]);
  return (1 - t) * value_[i - 1] + t * value_[i];
}

}  // namespace tomoslab
