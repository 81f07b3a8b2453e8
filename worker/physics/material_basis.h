// What one number of a polychromatic image stands for: how much of which materials is in the voxel.
#pragma once

#include <array>
#include <vector>

#include "absl/types/span.h"
#include "worker/physics/material_table.h"

namespace tomoslab {

/// A voxel lies between two materials, numbered from 1 in ascending attenuation; 0 is air, whose
/// amounts and slopes are there for completeness and attenuate nothing.
struct MaterialMix {
  int below = 0;  // the material at or below the value; `below` + 1 is the one above
  double below_amount = 0, above_amount = 0;  // φ, in voxels full of the material
  double below_slope = 0, above_slope = 0;    // φ' = dφ/dx, mm
};

/// Hat functions φ_m on the nodes 0 = ρ_0 < ρ_1 < … < ρ_M, the materials' attenuation (1/mm) at the
/// reference energy. On [ρ_l, ρ_{l+1}] with t = (x − ρ_l) / (ρ_{l+1} − ρ_l): φ_l = 1 − t, φ_{l+1} =
/// t, the others 0. Above ρ_M: φ_M = x / ρ_M (a denser material); below 0: φ_1 = x / ρ_1. So
/// Σ_m φ_m ρ_m = x for every x. Slopes at a node are those on its right.
/// The model of IMPACT (De Man et al., IEEE TMI 20(10), 2001) with linear interpolation.
class MaterialBasis {
 public:
  /// 1 .. kMostMaterials nodes, strictly ascending, above 0; anything else is a bug of the caller.
  explicit MaterialBasis(absl::Span<const double> nodes_per_mm);

  int materials() const { return materials_; }
  /// ρ_m, m = 0 (air: 0) .. materials().
  double node_per_mm(int material) const { return node_[material]; }

  /// The two materials that x (1/mm) lies between. x must not be NaN.
  MaterialMix At(double x) const {
    int below = 0;
    for (int m = 1; m <= materials_; ++m) below += x >= node_[m] ? 1 : 0;
    const double above = (x - node_[below]) * above_slope_[below];
    return {below, below_at_node_[below] + (x - node_[below]) * below_slope_[below], above,
            below_slope_[below], above_slope_[below]};
  }

  /// φ_m of one material, m = 1 .. materials().
  Hat HatOf(int material) const;
  /// φ_m(x) and φ'_m(x).
  double Amount(int material, double x) const { return HatOf(material)(x); }
  double Slope(int material, double x) const { return HatOf(material).Slope(x); }

  /// S(x): the material whose node is nearest.
  int Label(double x) const { return labels_.Label(x); }
  const MaterialLabels& labels() const { return labels_; }

  /// Σ_m φ_m(x) attenuation[m − 1]: the voxel's attenuation at the energy at which the materials
  /// have `attenuation_per_mm` (one number per material, air not listed).
  double VirtualAttenuation(double x, absl::Span<const double> attenuation_per_mm) const;

 private:
  int materials_;
  // All indexed by the material below (0 = air).
  std::array<double, kMostMaterials + 1> node_{};
  std::array<double, kMostMaterials + 1> below_at_node_{};
  std::array<double, kMostMaterials + 1> below_slope_{};
  std::array<double, kMostMaterials + 1> above_slope_{};
  MaterialLabels labels_;
};

}  // namespace tomoslab
