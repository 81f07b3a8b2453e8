// Beam models for tests, and the pointwise model in double precision.
#pragma once

#include <cstdint>

#include "worker/physics/line_integral.h"

namespace tomoslab::testing {

/// Aluminium and iron at 120 kV: tests/acceptance/cases/P5_alfe120.json.
inline BeamModel AluminiumAndIron() {
  return {
      .reference_energy_kev = 70,
      .energy_kev = {21, 25, 37, 50, 58, 74, 90, 106},
      .share = {0.001888091, 0.066597994, 0.218036936, 0.211216775, 0.225334255, 0.208785761,
                0.03248437, 0.035655818},
      .materials = {{.name = "al",
                     .reference_per_mm = 0.062129519,
                     .attenuation_per_mm = {0.808170134, 0.495625646, 0.182526472, 0.099400519,
                                            0.078646068, 0.05863165, 0.049499866, 0.044375361}},
                    {.name = "fe",
                     .reference_per_mm = 0.642813546,
                     .attenuation_per_mm = {17.63575901, 10.788939577, 3.557722058, 1.541247489,
                                            1.036517801, 0.562089343, 0.36199603, 0.262358588}}}};
}

/// Aluminium at 100 kV: tests/acceptance/cases/P2_al100.json.
inline BeamModel Aluminium() {
  return {.reference_energy_kev = 55,
          .energy_kev = {23, 32, 40, 58, 98},
          .share = {0.050824694, 0.1284309, 0.243527212, 0.506398654, 0.07081854},
          .materials = {{.name = "al",
                         .reference_per_mm = 0.085087516,
                         .attenuation_per_mm = {0.624779315, 0.258583019, 0.153464988, 0.078646068,
                                                0.046624514}}}};
}

/// LineIntegral's interface for rays in double precision, one by one.
class DoubleLineIntegral {
 public:
  explicit DoubleLineIntegral(const BeamModel& model) : model_(model) {}

  void Values(std::int64_t rays, const PerMaterial<const double>& paths, double* p) const {
    for (std::int64_t i = 0; i < rays; ++i) p[i] = LineIntegralOf(model_, Paths(paths, i));
  }
  void ValuesAndSlopes(std::int64_t rays, const PerMaterial<const double>& paths, double* p,
                       const PerMaterial<double>& slopes) const {
    std::vector<double> slope(model_.materials.size());
    for (std::int64_t i = 0; i < rays; ++i) {
      p[i] = LineIntegralOf(model_, Paths(paths, i), absl::MakeSpan(slope));
      for (std::size_t m = 0; m < slope.size(); ++m) slopes[m][i] = slope[m];
    }
  }

 private:
  std::vector<double> Paths(const PerMaterial<const double>& paths, std::int64_t ray) const {
    std::vector<double> lengths;
    for (std::size_t m = 0; m < model_.materials.size(); ++m) lengths.push_back(paths[m][ray]);
    return lengths;
  }
  BeamModel model_;
};

}  // namespace tomoslab::testing
