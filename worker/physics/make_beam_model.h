// From what people know – tube, filters, detector, materials – to what a solver needs.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/physics/attenuation.h"
#include "worker/physics/beam_model.h"
#include "worker/physics/spectrum.h"

namespace tomoslab {

inline constexpr double kDefaultCompressionTolerance = 1e-3;
/// A detected spectrum of at most this many energies is used as it is.
inline constexpr std::size_t kEnergiesKeptAsTheyAre = 12;

struct NamedAttenuation {
  std::string name;
  Attenuation attenuation;
};

struct BeamDescription {
  Source source;
  DetectorResponse detector;
  std::vector<NamedAttenuation> materials;                      // 1 .. kMostMaterials, in any order
  double reference_energy_kev = 0;                              // 0: chosen
  double compression_tolerance = kDefaultCompressionTolerance;  // of p; above 0, at most 0.1
  double scatter_fraction = 0;  // of the reading without object, at every pixel; 0 .. 0.5
};

/// All energies of a detected spectrum (Σ share = 1; no scatter), and materials at each of them.
struct FullSpectrum {
  Spectrum spectrum;
  std::vector<std::vector<double>> attenuation_per_mm;  // [material][energy]
};

struct MadeBeamModel {
  BeamModel model;
  FullSpectrum full;
  std::vector<std::string> warnings;  // sentences
};

/// Materials are sorted by their attenuation at the reference energy. Where that is 0 it becomes
/// the mean energy, to a whole keV, of what is transmitted by half of `longest_path_mm` of the
/// material that attenuates least, at most exp(−2): there the materials' values resemble those of a
/// linear reconstruction.
///   longest_path_mm: of a ray in the volume, above 0; the spectrum is compressed for paths up to
///   it.
/// Scatter becomes one more energy, 0 keV, that no material attenuates: y = (1 − s) T + s.
/// InvalidArgument: each part of the description, with its figures; two materials within 2 % of
/// each other at the reference energy. Warnings: within 15 %; proportional or crossing attenuation
/// curves; more materials than energies; a reference energy outside the spectrum; a tolerance not
/// reached.
absl::StatusOr<MadeBeamModel> MakeBeamModel(const BeamDescription& description,
                                            double longest_path_mm);

/// The same without compression: the model has all energies of the spectrum. Milliseconds.
absl::StatusOr<MadeBeamModel> MakeFullBeamModel(const BeamDescription& description,
                                                double longest_path_mm);

/// μ of every material of `model`, in its order, at any energy that the description's materials
/// cover: for virtual monochromatic volumes.
absl::StatusOr<std::vector<double>> AttenuationsAt(const BeamDescription& description,
                                                   const BeamModel& model, double energy_kev);

}  // namespace tomoslab
