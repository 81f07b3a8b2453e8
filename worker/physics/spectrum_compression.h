// Few energies instead of a whole spectrum, so that a polychromatic ray costs little.
#pragma once

#include <cstddef>
#include <vector>

#include "worker/physics/tube_spectrum.h"

namespace tomoslab {

/// p of a path beyond which no detector sees anything: exp(−10) is 3 counts of 65,535.
inline constexpr double kDeepestLineIntegral = 10;

struct CompressedSpectrum {
  std::vector<std::size_t> energy;  // indices into the spectrum, ascending
  std::vector<double> share;        // Σ = 1
  double error = 0;                 // largest |Δp| found
};

/// Chooses energies of `spectrum` and new shares so that p(P) = −ln Σ share exp(−Σ μ P) changes by
/// at most `tolerance` (above 0) for all path lengths P of at most `longest_path_mm` together, and
/// as far as p ≤ kDeepestLineIntegral: non-negative least squares on the relative transmissions
/// over a grid of path combinations, then one energy after the other is left out while the error
/// allows, the rest being fitted anew. The error is measured on that grid and on a second one
/// between its points.
///   attenuation_per_mm: [material][energy], 1/mm, at the spectrum's energies; at least one.
/// 150 energies and 3 materials take below a second.
CompressedSpectrum CompressSpectrum(const Spectrum& spectrum,
                                    const std::vector<std::vector<double>>& attenuation_per_mm,
                                    double longest_path_mm, double tolerance);

}  // namespace tomoslab
