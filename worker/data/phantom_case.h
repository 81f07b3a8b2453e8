// A simulation case: an object, its materials' attenuation, the scan of it and the grid its truth
// is sampled on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/phantom.h"
#include "worker/geometry/scan.h"
#include "worker/geometry/volume.h"
#include "worker/physics/make_beam_model.h"

namespace tomoslab {

/// The transmission (rows from 0) that an independent program computed without noise.
struct SpotValue {
  int view = 0, row = 0, column = 0;
  double transmission = 0;
};

struct PhantomCase {
  std::string name;
  int dimensions = 3;  // 2: cylinders along z, one detector row
  Phantom phantom;
  FullSpectrum beam;                // with the phantom's materials in their order, and scatter
  std::vector<double> node_per_mm;  // [material] the attenuation that a reconstruction should show
  Scan scan;
  Volume volume;
  int subrays_per_cell = 1;  // sub-rays along a pixel's columns, and in 3-D along its rows
  double counts = 0;         // I0, photons per pixel without object; 0 = noise-free
  std::vector<SpotValue> spots;
};

/// X-rays instead of a case's own. The phantom's materials are then those of xraylib: what the
/// case's key `compositions` says of a material, or else its name.
struct PhantomBeam {
  Source source;
  DetectorResponse detector;
  double reference_energy_kev = 0;  // at which the truth is given; 0: chosen, or the case's
  double scatter_fraction = 0;      // of BeamDescription
};

/// Replaces parts of the case.
struct PhantomCaseOptions {
  int views = 0;  // 0: the case's
  std::optional<PhantomBeam> beam = std::nullopt;
};

/// Reads a case file (JSON; docs/simulate.md lists the keys) and the spectrum and attenuation
/// tables it names, which lie beside it. NotFound, InvalidArgument (file, key, value).
absl::StatusOr<PhantomCase> ReadPhantomCase(const std::string& path,
                                            const PhantomCaseOptions& options = {});

}  // namespace tomoslab
