// How dense the materials are, for given labels: one factor each, fitted to the projections.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "worker/operators/field.h"
#include "worker/physics/beam_model.h"

namespace tomoslab {

struct DensityFit {
  std::vector<double> factors;  // κ_m; 1 where the fit has nothing to say
  std::string warning;          // "" when there is nothing to say
};

/// min_κ ½‖p(κ_1 P_1, …, κ_M P_M) − b‖² by five Gauss–Newton steps from κ = 1; ∂p/∂κ_m = μ̄_m P_m.
///   paths_mm: P_m, one set per material. A material without voxels keeps κ = 1. When the
///   projections cannot tell the materials apart, or a factor leaves 0.3 .. 3, or materials change
///   places, all stay at 1, with a warning.
/// Memory: M + 1 sets of projections.
DensityFit FitDensities(const BeamModel& model, absl::Span<const Field> paths_mm, const Field& b);

/// The model of materials with these densities: attenuations times `factors`.
BeamModel WithDensities(BeamModel model, absl::Span<const double> factors);

}  // namespace tomoslab
