// The X-rays of a reflection tube, before any filter.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tomoslab {

/// Relative numbers, one per energy; energies strictly ascending.
struct Spectrum {
  std::vector<double> energy_kev;
  std::vector<double> share;
};

struct Tube {
  double voltage_kv = 0;          // 10 .. 500
  std::string target = "W";       // an element
  double takeoff_angle_deg = 12;  // between the target's surface and the beam, (0, 90]
};

/// Photons per energy bin (0.5 keV up to 100 kV, 1 keV up to 250 kV, 2 keV above), with a further
/// entry at the energy of every K and L line of the target.
///
/// Bremsstrahlung: Tucker, Barnes & Chakraborty, Med. Phys. 18(2), 1991 – electrons slow down along
/// the Thomson–Whiddington law, every slice of the target emits, what lies above it absorbs – with
/// their constants for tungsten, the depth fitted to measured beams. Lines: their K yield A (U −
/// 1)^1.648, for other shells and elements scaled by ω n / Z (ω: xraylib's fluorescence yield; n:
/// electrons per K shell's two; the form of Green & Cosslett, Proc. Phys. Soc. 78, 1961), split by
/// xraylib's radiative rates. First half-value layers of filtered tungsten beams lie within 4 % of
/// measured ones, 40 .. 120 kV behind aluminium, 100 .. 300 kV behind copper and tin
/// (tests/worker/physics/tube_spectrum_test.cc). Other targets extrapolate this: measure, and give
/// a table instead, where the figures matter. No window, no air, no ripple and no roughness are in
/// it.
absl::StatusOr<Spectrum> TubeSpectrum(const Tube& tube);

}  // namespace tomoslab
