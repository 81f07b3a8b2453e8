// Poly-DART: DART on the polychromatic model of the projections.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "worker/solvers/dart_loop.h"
#include "worker/solvers/density_fit.h"
#include "worker/solvers/free_voxels_operator.h"
#include "worker/solvers/grey_value_fit.h"
#include "worker/solvers/poly_barzilai_borwein.h"
#include "worker/solvers/poly_sirt.h"
#include "worker/solvers/polychromatic_objective.h"

namespace tomoslab {

enum class PolyDartInner { kPolySirt, kPolyBarzilaiBorwein };
enum class Densities { kGiven, kRefined };

struct PolyDartOptions {
  PolyDartInner inner = PolyDartInner::kPolySirt;
  int inner_iterations = 10;
  Densities densities = Densities::kGiven;
};

/// The model of RunDart for polychromatic line integrals b. The grey values are the materials'
/// attenuation at the reference energy, so that fixed voxels enter as pure materials; the whole
/// image is projected, since line integrals of parts do not add.
/// Cost per iteration, M materials, t inner iterations: poly-SIRT M t + 1 projections and t
/// backprojections, poly-BB M t of each and 2 M projections more; M projections for the
/// segmentation, and M more when densities are refined. Memory: poly-SIRT C, d and one more volume,
/// R and M sets; poly-BB 6 volumes and M sets; refined densities 2 M + 1 sets.
template <LinearOperator Op>
class PolychromaticDart {
 public:
  PolychromaticDart(const Op* A, const Field* b, BeamModel model, const PolyDartOptions& options)
      : A_(A),
        b_(b),
        given_(std::move(model)),
        model_(given_),
        options_(options),
        factors_(model_.materials.size(), 1.0),
        b_norm_(Norm(*b)) {
    if (options_.inner == PolyDartInner::kPolySirt) C_.emplace(Inverse(ColumnSums(*A)));
  }

  std::vector<double> grey_values() const { return NodesOf(model_); }
  /// Of the materials, relative to the model that this was made with.
  const std::vector<double>& density_factors() const { return factors_; }

  /// The densities, as far as they are refined.
  template <class Archive>
  void Visit(Archive& archive) {
    archive.Value("model_density_factors", factors_);
    model_ = WithDensities(given_, factors_);
  }

  SegmentationFit Fit(const Field& x) {
    SegmentationFit result;
    if (options_.densities == Densities::kRefined) result.warning = RefineDensities(x);
    Field segmented = Like(x);
    Discretize(x, MaterialBasis(grey_values()), segmented);
    PolychromaticProjection projection(*A_, model_);
    result.misfit = PolychromaticResidual(projection, *b_, segmented);
    result.relative_residual = NormRatio(std::sqrt(2 * result.misfit), b_norm_);
    return result;
  }

  template <class GoOn>
  bool Update(const VoxelMask& free, Field& x, GoOn&& go_on) const {
    const FreeVoxelsOperator A_free(A_, &free);
    if (options_.inner == PolyDartInner::kPolySirt) return Sirt(A_free, free, x, go_on);
    PolychromaticObjective f(A_free, *b_, model_, {});
    const auto watch = [&](const Progress&, const Field&) { return !go_on(); };
    const SolverResult result =
        PolyBarzilaiBorwein(f,
                            {.stopping = {.iterations = options_.inner_iterations},
                             .bounds = PolychromaticBounds(model_)},
                            x, watch);
    return result.reason != StopReason::kWatch;
  }

 private:
  /// x_F ← clip(x_F + C Aᵀ R_F (b − p(x))) on the free voxels F; R_F = 1 / (A 1_F), and 0 for rays
  /// that hardly meet a free voxel.
  template <class Masked, class GoOn>
  bool Sirt(const Masked& A_free, const VoxelMask& free, Field& x, GoOn&& go_on) const {
    Field d = A_->NewVolume();
    const Field R = FreeRowInverse(*A_, free, d);
    PolychromaticProjection projection(*A_, model_);
    for (int i = 0; i < options_.inner_iterations; ++i) {
      if (!go_on()) return false;
      PolychromaticResidual(projection, *b_, x);
      Multiply(R, projection.set(0));
      A_free.Backproject(projection.set(0), d);
      Multiply(*C_, d);
      Axpy(1, d, x);
      Clamp(PolychromaticBounds(model_), x);
    }
    return true;
  }

  /// Scales the model to the densities that explain the projections best with x's labels.
  std::string RefineDensities(const Field& x) {
    const MaterialBasis materials(grey_values());
    std::vector<Field> paths;
    {
      Field voxels = A_->NewVolume();
      for (int m = 1; m <= materials.materials(); ++m) {
        Indicator(x, materials, m, voxels);
        A_->Project(voxels, paths.emplace_back(A_->NewProjections()));
      }
    }
    DensityFit fit = FitDensities(model_, paths, *b_);
    for (std::size_t m = 0; m < factors_.size(); ++m) factors_[m] *= fit.factors[m];
    model_ = WithDensities(given_, factors_);
    if (!fit.warning.empty()) return std::move(fit.warning);
    const std::vector<double> given(factors_.size(), 1.0);
    return WarnOfDrift("densities (times those given)", given, factors_, "refine_densities unset");
  }

  const Op* A_;
  const Field* b_;
  BeamModel given_, model_;  // model_ = given_ with densities factors_
  PolyDartOptions options_;
  std::vector<double> factors_;
  double b_norm_;
  std::optional<Field> C_;  // 1 / column sums, for poly-SIRT
};

}  // namespace tomoslab
