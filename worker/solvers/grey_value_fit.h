// The grey values that explain the projections best, for given labels.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "worker/operators/field.h"

namespace tomoslab {

/// min_ρ ½‖Σ_m ρ_m a_m − b‖², where a_m is the projection of material m's voxels: what it needs of
/// them.
struct NormalEquations {
  int materials = 0;
  std::vector<double> matrix;  // [m][m'] ⟨a_m, a_m'⟩
  std::vector<double> right;   // [m] ⟨a_m, b⟩
  double bb = 0;               // ⟨b, b⟩

  /// ½‖Σ_m ρ_m a_m − b‖².
  double Misfit(absl::Span<const double> grey_values) const;
};

/// matrix[m][m'] = ⟨a_m, a_m'⟩, right[m] = ⟨a_m, b⟩, in one reduction; bb as given.
NormalEquations MakeNormalEquations(absl::Span<const Field> a, const Field& b, double bb);

/// ρ, 0 for materials whose a_m is 0; empty when the equations do not determine the others.
std::vector<double> SolveNormalEquations(const NormalEquations& equations);

struct GreyValueFit {
  std::vector<double> grey_values;  // ascending strictly, above 0
  std::string warning;              // "" when there is nothing to say
};

/// Solves for the materials that have voxels; a material that has none keeps its grey value. When
/// the projections cannot tell the materials apart, or the solution is no set of attenuations (a
/// value at or below 0, or two that agree), all grey values stay as they were, with a warning that
/// says so.
GreyValueFit FitGreyValues(const NormalEquations& equations, absl::Span<const double> before);

/// Where refitted values ended up far from where they began, which views over a short arc let
/// happen: a sentence with `remedy` in it; "" while each is within 1.5 times of its first value.
std::string WarnOfDrift(const char* what, absl::Span<const double> given,
                        absl::Span<const double> fitted, const char* remedy);

}  // namespace tomoslab
