// A simulation case: an object, its materials' attenuation, the scan of it and the grid its truth
// is sampled on.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/phantom.h"
#include "worker/geometry/scan.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// What the detector sees of the beam: weight[e], Σ = 1, and the attenuation of each material at
/// that energy.
struct Spectrum {
  std::vector<double> weight;                  // [energy]
  std::vector<std::vector<double>> mu_per_mm;  // [material][energy], 1/mm
};

/// The transmission (rows from 0) that an independent program computed without noise.
struct SpotValue {
  int view = 0, row = 0, column = 0;
  double transmission = 0;
};

struct PhantomCase {
  std::string name;
  int dimensions = 3;  // 2: cylinders along z, one detector row
  Phantom phantom;
  Spectrum spectrum;
  std::vector<double> node_per_mm;  // [material] the attenuation that a reconstruction should show
  Scan scan;
  Volume volume;
  int subrays_per_cell = 1;  // sub-rays along a pixel's columns, and in 3-D along its rows
  double counts = 0;         // I0, photons per pixel without object; 0 = noise-free
  std::vector<SpotValue> spots;
};

/// Replaces numbers of the case; 0 keeps the case's.
struct PhantomCaseOptions {
  int views = 0;
};

/// Reads a case file (JSON; docs/simulate.md lists the keys) and the spectrum and attenuation
/// tables it names, which lie beside it. NotFound, InvalidArgument (file, key, value).
absl::StatusOr<PhantomCase> ReadPhantomCase(const std::string& path,
                                            const PhantomCaseOptions& options = {});

}  // namespace tomoslab
