#include "worker/physics/tube_spectrum.h"

#include <xraylib/xraylib.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numbers>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr double kLeastKv = 10, kMostKv = 500;
constexpr double kLowestKev = 1;  // of xraylib
constexpr double kElectronRestKev = 511;
/// Depths are so many times Tucker's: fitted to PTB's half-value layers (with 1, they come out 3 to
/// 9 % too small at 70 .. 120 kV). It stands for the target's roughness and for other cross
/// sections.
constexpr double kDepthScale = 1.4;
constexpr int kDepths = 200;  // of the integrals over the electrons' way into the target

/// A target that electrons of one energy hit.
struct Target {
  int atomic_number;
  double electron_kev;
  double path_per_depth;  // 1 / sin(takeoff angle)
};

/// Thomson–Whiddington's constant, keV² cm²/g: T0² − T² = c ρ x. A rational fit (0.4 %, 50 .. 200
/// kV) to the values of Birch & Marshall, Phys. Med. Biol. 24, 1979.
double WhiddingtonConstant(double electron_kev) {
  const double t = electron_kev / 100;
  return 1e6 * (0.20 + t * (0.47 + t * (0.21 + t * 1.08))) / (1 + t * (-1.19 + t * 3.00));
}

/// Mass stopping power of tungsten, keV cm²/g (Tucker et al., eq. 16).
double StoppingPower(double electron_kev) {
  return 2024.1 + 10361 * std::exp(-0.04695 * electron_kev);
}

/// The part of photons of `photon_kev`, made at a mass depth (g/cm²), that leaves the target.
double Escape(const Target& target, double photon_kev, double depth) {
  return std::exp(-CS_Total(target.atomic_number, photon_kev, nullptr) * kDepthScale * depth *
                  target.path_per_depth);
}

/// Photons per electron and keV, over all directions (Tucker et al., eq. 20).
double Bremsstrahlung(const Target& target, double photon_kev) {
  const double top = target.electron_kev;
  const double c = WhiddingtonConstant(top);
  double sum = 0;
  for (int i = 0; i < kDepths; ++i) {
    const double t = photon_kev + (top - photon_kev) * (i + 0.5) / kDepths;  // electron's energy
    const double u = photon_kev / t;
    const double shape = 1 + u * (-5.049 + u * (10.847 + u * (-10.516 + u * 3.842)));
    sum += shape * (t + kElectronRestKev) / t / StoppingPower(t) *
           Escape(target, photon_kev, (top * top - t * t) / c);
  }
  // α r_e² N_A Z²/A of tungsten, times Tucker's unit of 1000: cm²/g.
  constexpr double kCrossSection =
      1000 * 2.8179e-13 * 2.8179e-13 / 137.036 * 6.02214e23 * 74 * 74 / 183.84;
  return kCrossSection * (3.685e-2 + 2.900e-5 * top) * sum * (top - photon_kev) / kDepths /
         photon_kev;
}

struct Shell {
  int shell;
  int first_line, last_line;  // xraylib's numbers, descending
  double electrons;
};
constexpr Shell kShells[] = {{K_SHELL, KL1_LINE, KP5_LINE, 2},
                             {L1_SHELL, L1L2_LINE, L1P5_LINE, 2},
                             {L2_SHELL, L2L3_LINE, L2Q1_LINE, 2},
                             {L3_SHELL, L3M1_LINE, L3Q1_LINE, 4}};

/// Photons per electron and vacancy's radiative rate 1 of a shell, made in the target (Tucker et
/// al., eq. 22: 1.349e-3 photons for tungsten's K shell at U = 2, of which 0.90 in the four lines).
double ShellYield(const Target& target, const Shell& shell, double edge_kev) {
  const double per_tungsten = FluorYield(target.atomic_number, shell.shell, nullptr) /
                              target.atomic_number / (FluorYield(74, K_SHELL, nullptr) / 74);
  return 1.349e-3 * 0.90 * per_tungsten * (shell.electrons / 2) *
         std::pow(target.electron_kev / edge_kev - 1, 1.648);
}

/// Of lines: vacancies lie at depths x with density 3/2 (1 − (x/R)²) / R, down to R where the
/// electrons are as slow as the edge.
double LineEscape(const Target& target, double line_kev, double edge_kev) {
  const double top = target.electron_kev;
  const double deepest = (top * top - edge_kev * edge_kev) / WhiddingtonConstant(top);
  double sum = 0;
  for (int i = 0; i < kDepths; ++i) {
    const double x = (i + 0.5) / kDepths;
    sum += 1.5 * (1 - x * x) * Escape(target, line_kev, x * deepest);
  }
  return sum / kDepths;
}

void AddLines(const Target& target, std::map<double, double>& photons) {
  for (const Shell& shell : kShells) {
    const double edge = EdgeEnergy(target.atomic_number, shell.shell, nullptr);
    if (!(edge > kLowestKev && edge < target.electron_kev)) continue;
    const double yield = ShellYield(target, shell, edge);
    for (int line = shell.first_line; line >= shell.last_line; --line) {
      const double rate = RadRate(target.atomic_number, line, nullptr);
      const double energy = LineEnergy(target.atomic_number, line, nullptr);
      if (rate < 1e-3 || energy <= kLowestKev) continue;
      photons[energy] += yield * rate * LineEscape(target, energy, edge);
    }
  }
}

double BinWidthKev(double voltage_kv) {
  if (voltage_kv <= 100) return 0.5;
  return voltage_kv <= 250 ? 1 : 2;
}

/// 0 when `symbol` is no element with cross sections.
int AtomicNumber(const std::string& symbol) {
  const int number = SymbolToAtomicNumber(symbol.c_str(), nullptr);
  return number > 0 && CS_Total(number, 10, nullptr) > 0 ? number : 0;
}

absl::StatusOr<Target> CheckTube(const Tube& tube) {
  if (!(tube.voltage_kv >= kLeastKv && tube.voltage_kv <= kMostKv)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("voltage_kv = %g is outside %g .. %g kV; is it in volts?", tube.voltage_kv,
                        kLeastKv, kMostKv));
  }
  if (!(tube.takeoff_angle_deg > 0 && tube.takeoff_angle_deg <= 90)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "takeoff_angle_deg = %g is outside 0 (excluded) .. 90 degrees", tube.takeoff_angle_deg));
  }
  const int atomic_number = AtomicNumber(tube.target);
  if (atomic_number == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "target = '%s' is no element's symbol; tubes have for example W, Mo, Ag, Cu, Rh or Cr",
        tube.target));
  }
  return Target{atomic_number, tube.voltage_kv,
                1 / std::sin(tube.takeoff_angle_deg * std::numbers::pi / 180)};
}

}  // namespace

absl::StatusOr<Spectrum> TubeSpectrum(const Tube& tube) {
  TOMOSLAB_ASSIGN_OR_RETURN(const Target target, CheckTube(tube));
  std::map<double, double> photons;
  const double width = BinWidthKev(tube.voltage_kv);
  for (double energy = kLowestKev + width / 2; energy < tube.voltage_kv; energy += width) {
    photons[energy] += width * Bremsstrahlung(target, energy);
  }
  AddLines(target, photons);
  Spectrum spectrum;
  for (const auto& [energy, number] : photons) {
    spectrum.energy_kev.push_back(energy);
    spectrum.share.push_back(number);
  }
  return spectrum;
}

}  // namespace tomoslab
