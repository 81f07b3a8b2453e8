// What a polychromatic reconstruction needs to know of the X-rays and the materials: few energies,
// their shares of the signal, and every material's attenuation at each.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tomoslab {

struct BeamMaterial {
  std::string name;
  double reference_per_mm = 0;             // attenuation at the reference energy: the node ρ_m
  std::vector<double> attenuation_per_mm;  // μ_m(e), one per energy
};

/// p(P) = −ln Σ_e s_e exp(−Σ_m μ_m(e) P_m), P_m in mm. Nodes ascend strictly and are above 0; the
/// shares s_e sum to 1. Air (0) is not listed.
struct BeamModel {
  double reference_energy_kev = 0;
  std::vector<double> energy_kev;       // 0: scatter, which nothing attenuates
  std::vector<double> share;            // s_e
  std::vector<BeamMaterial> materials;  // ascending reference_per_mm
  double compression_error = 0;         // largest |Δp| from the full spectrum

  bool has_scatter() const { return energy_kev.front() == 0; }
  /// Of X-rays; scatter is none.
  std::size_t energies() const { return energy_kev.size() - (has_scatter() ? 1 : 0); }
};

}  // namespace tomoslab
