// Tables over energy: spectra and attenuation coefficients as CSV.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tomoslab {

/// A CSV table: lines that begin with # are skipped, the first other line names the columns,
/// energy_keV first.
struct EnergyCsv {
  std::string path;
  std::vector<std::string> column;         // names, without energy_keV
  std::vector<double> energy_kev;          // [energy]
  std::vector<std::vector<double>> value;  // [column][energy]
};

/// NotFound; InvalidArgument with file, line and text.
absl::StatusOr<EnergyCsv> ReadEnergyCsv(const std::string& path);

}  // namespace tomoslab
