// What one GPU thread computes of a beam model, as plain functions that the host can call too:
// worker/physics/line_integral.h for one ray.
#pragma once

#include <cmath>
#include <cstdint>

#include "worker/core/host_device.h"
#include "worker/physics/material_table.h"

namespace tomoslab::device {

/// A beam model: what worker/physics/line_integral.h keeps of it, in the same order. Energies whose
/// share is 0 are left out.
struct BeamTable {
  int materials, energies;
  const float* share;               // [energy]
  const float* attenuation_per_mm;  // [energy][material]
};

/// One array per material, one number per ray; the first `materials` are used.
struct MaterialSets {
  float* set[kMostMaterials];
};

/// One ray: p(P), and where wanted its slopes μ̄_m = ∂p/∂P_m, 1/mm.
struct RayIntegral {
  float path_mm[kMostMaterials];
  float slope_per_mm[kMostMaterials];

  TOMOSLAB_HOST_DEVICE void Read(const BeamTable& beam, const MaterialSets& sets,
                                 std::int64_t ray) {
    for (int m = 0; m < kMostMaterials; ++m)
      path_mm[m] = m < beam.materials ? sets.set[m][ray] : 0.0f;
  }

  /// Σ_m μ_m(e) P_m
  TOMOSLAB_HOST_DEVICE float Attenuation(const BeamTable& beam, int energy) const {
    const float* mu = beam.attenuation_per_mm + energy * beam.materials;
    float sum = mu[0] * path_mm[0];
    for (int m = 1; m < kMostMaterials; ++m) {
      if (m < beam.materials) sum = fmaf(mu[m], path_mm[m], sum);
    }
    return sum;
  }

  /// p(P) = −ln Σ_e s_e exp(−Σ_m μ_m(e) P_m), the weakest attenuation taken out of the
  /// exponentials; fills slope_per_mm.
  TOMOSLAB_HOST_DEVICE float Evaluate(const BeamTable& beam) {
    float least = Attenuation(beam, 0);
    for (int e = 1; e < beam.energies; ++e) least = fminf(least, Attenuation(beam, e));
    float transmission = 0;  // relative to exp(−least)
    for (int m = 0; m < kMostMaterials; ++m) slope_per_mm[m] = 0;
    for (int e = 0; e < beam.energies; ++e) {
      const float signal = beam.share[e] * expf(least - Attenuation(beam, e));
      transmission += signal;
      const float* mu = beam.attenuation_per_mm + e * beam.materials;
      for (int m = 0; m < kMostMaterials; ++m) {
        if (m < beam.materials) slope_per_mm[m] = fmaf(mu[m], signal, slope_per_mm[m]);
      }
    }
    const float per_transmission = 1 / transmission;
    for (int m = 0; m < kMostMaterials; ++m) slope_per_mm[m] *= per_transmission;
    return least - logf(transmission);
  }
};

/// line_integrals[ray] ← p(P), and the sets ← its slopes, in place of the path lengths.
struct LineIntegralBody {
  BeamTable beam;
  MaterialSets sets;
  float* line_integrals;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t ray) const {
    RayIntegral integral;
    integral.Read(beam, sets, ray);
    line_integrals[ray] = integral.Evaluate(beam);
    for (int m = 0; m < kMostMaterials; ++m) {
      if (m < beam.materials) sets.set[m][ray] = integral.slope_per_mm[m];
    }
  }
};

/// amounts[voxel] ← φ(x)
struct AmountBody {
  Hat hat;
  const float* x;
  float* amounts;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t voxel) const {
    amounts[voxel] = static_cast<float>(hat(static_cast<double>(x[voxel])));
  }
};

/// sum[voxel] ← keep · sum + φ'(x) · added; `added` may be `sum`.
struct AddSlopeBody {
  Hat hat;
  const float* x;
  const float* added;
  float keep;
  float* sum;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t voxel) const {
    const auto slope = static_cast<float>(hat.Slope(static_cast<double>(x[voxel])));
    sum[voxel] = keep * sum[voxel] + slope * added[voxel];
  }
};

}  // namespace tomoslab::device
