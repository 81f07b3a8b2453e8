// Linear attenuation coefficients over photon energy, in 1/mm.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/physics/composition.h"
#include "worker/physics/energy_table.h"

namespace tomoslab {

inline constexpr double kLowestXraylibKev = 1, kHighestXraylibKev = 800;

/// μ(E) = density · Σ weight_i (μ/ρ)_i(E) with xraylib's total cross sections (photoelectric,
/// Compton and Rayleigh; Schoonjans et al., Spectrochimica Acta B 66, 2011), or a table.
class Attenuation {
 public:
  static absl::StatusOr<Attenuation> Of(const Composition& composition);
  explicit Attenuation(EnergyTable table_per_mm) : source_(std::move(table_per_mm)) {}

  /// 1/mm. OutOfRange outside kLowestXraylibKev .. kHighestXraylibKev, or outside the table.
  absl::StatusOr<double> At(double energy_kev) const;

 private:
  explicit Attenuation(Substance substance) : source_(std::move(substance)) {}
  std::variant<Substance, EnergyTable> source_;
};

/// A sheet that the beam crosses at right angles.
struct Filter {
  Composition composition;
  double thickness_mm = 0;
};

/// "COMPOSITION THICKNESS" in mm, as command lines have it: "Al 2", "CsI@4.51 0.5". Not resolved
/// yet.
absl::StatusOr<Filter> ParseFilter(const std::string& text);

/// μ(E) · thickness of a filter. InvalidArgument: composition or thickness (0 < .. ≤ 1000 mm).
absl::StatusOr<std::vector<double>> FilterDepths(const Filter& filter,
                                                 const std::vector<double>& energy_kev);

}  // namespace tomoslab
