// A simulation case to files: the scan, and the truth beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "worker/data/phantom_case.h"
#include "worker/data/scan_description.h"

namespace tomoslab {

struct SimulationOptions {
  double counts = 0;  // photons per pixel without object; 0 = noise-free
  std::uint64_t seed = 0;
  /// kTransmission: I / I0. kCounts: T · I0 with one flat frame of I0, as uint16 where it fits;
  /// needs counts > 0. kLineIntegrals: −ln of the transmission.
  Quantity quantity = Quantity::kTransmission;
};

/// Called after every view or slice with (done, total); false stops the work (Cancelled).
using SimulationProgress = std::function<bool(int, int)>;

/// Writes a Data Exchange file view by view; memory for a few views. InvalidArgument,
/// ResourceExhausted, Cancelled.
absl::Status WriteSimulatedScan(const PhantomCase& phantom_case, const SimulationOptions& options,
                                const std::string& path, const SimulationProgress& progress);

/// Writes the case's truth slice by slice: /exchange/data [slice][row][column], 1/mm, and
/// /truth/labels, uint8 (0 = air, m + 1 = material m, names in the attribute `materials`).
absl::Status WriteTruth(const PhantomCase& phantom_case, const std::string& path,
                        const SimulationProgress& progress);

}  // namespace tomoslab
