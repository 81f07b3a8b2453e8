// Tables over energy: spectra and attenuation coefficients as CSV.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/phantom_case.h"

namespace tomoslab {

/// A CSV table: lines that begin with # are skipped, the first other line names the columns,
/// energy_keV first.
struct EnergyTable {
  std::string path;
  std::vector<std::string> column;         // names, without energy_keV
  std::vector<double> energy_kev;          // [energy]
  std::vector<std::vector<double>> value;  // [column][energy]
};

/// NotFound; InvalidArgument with file, line and text.
absl::StatusOr<EnergyTable> ReadEnergyTable(const std::string& path);

/// `weights`: one column, made to sum to 1; `attenuation`: 1/mm, one column per material, at the
/// same energies.
absl::StatusOr<Spectrum> MakeSpectrum(const EnergyTable& weights, const EnergyTable& attenuation,
                                      const std::vector<std::string>& materials);

}  // namespace tomoslab
