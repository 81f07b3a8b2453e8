// The polychromatic line integral of many rays, from their path lengths in each material.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "worker/physics/beam_model.h"
#include "worker/physics/material_basis.h"

namespace tomoslab {

/// One array per material (the first model.materials.size() are used), one number per ray.
template <class Number>
using PerMaterial = std::array<Number*, kMostMaterials>;

/// p(P) = −ln I, I = Σ_e s_e exp(−Σ_m μ_m(e) P_m), and its slopes ∂p/∂P_m = μ̄_m =
/// Σ_e s_e μ_m(e) exp(−Σ μ P) / I, in single precision (a few 1e-7 absolute near 0, relative
/// above), vectorised over rays and spread over threads. The weakest attenuation is taken out of
/// the exponentials, so no thickness underflows. Path lengths may be negative; a NaN stays in its
/// ray.
class LineIntegral {
 public:
  /// `model` keeps what beam_model.h promises, with 1 .. kMostMaterials materials.
  explicit LineIntegral(const BeamModel& model);

  int materials() const { return materials_; }
  int energies() const { return static_cast<int>(share_.size()); }
  /// s_e [energy], all above 0, and μ [energy][material], 1/mm.
  const std::vector<float>& share() const { return share_; }
  const std::vector<float>& attenuation_per_mm() const { return attenuation_per_mm_; }

  /// p of `rays` rays. `line_integrals` may be one of the arrays of path lengths.
  void Values(std::int64_t rays, const PerMaterial<const float>& path_lengths_mm,
              float* line_integrals) const;

  /// p, and μ̄_m (1/mm) of every material. Outputs may be the arrays of path lengths.
  void ValuesAndSlopes(std::int64_t rays, const PerMaterial<const float>& path_lengths_mm,
                       float* line_integrals, const PerMaterial<float>& slopes_per_mm) const;

 private:
  int materials_;
  std::vector<float> share_;               // [energy], above 0
  std::vector<float> attenuation_per_mm_;  // [energy][material]
};

/// The same for one ray in double precision: p, and where `slopes_per_mm` is not empty μ̄_m.
double LineIntegralOf(const BeamModel& model, absl::Span<const double> path_lengths_mm,
                      absl::Span<double> slopes_per_mm = {});

}  // namespace tomoslab
