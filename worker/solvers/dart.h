// DART: discrete tomography from few grey values.
#pragma once

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "worker/solvers/barzilai_borwein.h"
#include "worker/solvers/cgls.h"
#include "worker/solvers/dart_loop.h"
#include "worker/solvers/free_voxels_operator.h"
#include "worker/solvers/grey_value_fit.h"

namespace tomoslab {

/// What moves the free voxels within an iteration.
enum class DartInner { kSirt, kBarzilaiBorwein, kCgls };

struct DartInnerOptions {
  DartInner solver = DartInner::kSirt;
  int iterations = 10;
};

enum class GreyValues { kFixed, kFitted };

/// The model of RunDart for line integrals b ≈ A x.
///   grey_values: of the materials, ascending, above 0, 1/mm; refitted to b by least squares over
///   the segmentation of every image, unless they are fixed.
/// Cost per iteration: with SIRT t + 1 projections and t backprojections for t inner iterations;
/// for the fit one projection per material (one at all when fixed). Memory: SIRT C and d; r and R.
/// BB 3 volumes and 2 projections, CGLS 2 and 2. The fit one volume, and one projection per
/// material.
template <LinearOperator Op>
class LinearDart {
 public:
  LinearDart(const Op* A, const Field* b, const DartInnerOptions& inner,
             std::vector<double> grey_values, GreyValues rule)
      : A_(A),
        b_(b),
        inner_(inner),
        given_grey_values_(grey_values),
        grey_values_(std::move(grey_values)),
        rule_(rule),
        bb_(Dot(*b, *b)) {
    if (inner_.solver == DartInner::kSirt) C_.emplace(Inverse(ColumnSums(*A)));
  }

  const std::vector<double>& grey_values() const { return grey_values_; }
  std::vector<double> density_factors() const {
    return std::vector<double>(grey_values_.size(), 1.0);
  }

  /// The grey values, as far as they are fitted.
  template <class Archive>
  void Visit(Archive& archive) {
    archive.Value("model_grey_values", grey_values_);
  }

  SegmentationFit Fit(const Field& x) {
    SegmentationFit result;
    if (rule_ == GreyValues::kFixed) {
      result.misfit = MisfitOfSegmentation(x);
    } else {
      const NormalEquations equations = MaterialsOf(x);
      GreyValueFit fit = FitGreyValues(equations, grey_values_);
      grey_values_ = std::move(fit.grey_values);
      result.misfit = equations.Misfit(grey_values_);
      result.warning = std::move(fit.warning);
      if (result.warning.empty()) {
        result.warning = WarnOfDrift("grey values (1/mm)", given_grey_values_, grey_values_,
                                     "fixed_grey_values");
      }
    }
    result.relative_residual = NormRatio(std::sqrt(2 * result.misfit), std::sqrt(bb_));
    return result;
  }

  template <class GoOn>
  bool Update(const VoxelMask& free, Field& x, GoOn&& go_on) const {
    const FreeVoxelsOperator A_free(A_, &free);
    if (inner_.solver == DartInner::kSirt) return Sirt(A_free, free, x, go_on);
    const Stopping stopping{.iterations = inner_.iterations};
    const auto watch = [&](const Progress&, const Field&) { return !go_on(); };
    const SolverResult result =
        inner_.solver == DartInner::kCgls
            ? Cgls(A_free, *b_, {.stopping = stopping}, x, watch)
            : BarzilaiBorwein(A_free, *b_, {.stopping = stopping}, x, watch);
    return result.reason != StopReason::kWatch;
  }

 private:
  /// x_F ← x_F + C Aᵀ R_F (b − A x) on the free voxels F; R_F = 1 / (A 1_F), and 0 for rays that
  /// hardly meet a free voxel.
  template <class Masked, class GoOn>
  bool Sirt(const Masked& A_free, const VoxelMask& free, Field& x, GoOn&& go_on) const {
    Field d = A_->NewVolume(), r = A_->NewProjections();
    const Field R = FreeRowInverse(*A_, free, d);
    for (int i = 0; i < inner_.iterations; ++i) {
      if (!go_on()) return false;
      A_->Project(x, r);
      Subtract(*b_, r, r);
      Multiply(R, r);
      A_free.Backproject(r, d);
      Multiply(*C_, d);
      Axpy(1, d, x);
    }
    return true;
  }

  /// ½‖A x_S − b‖² of the segmented image x_S.
  double MisfitOfSegmentation(const Field& x) const {
    Field segmented = A_->NewVolume(), r = A_->NewProjections();
    Discretize(x, MaterialBasis(grey_values_), segmented);
    Residual(*A_, *b_, segmented, r);
    return 0.5 * Dot(r, r);
  }

  /// The projections of each material's voxels, as far as the fit needs them.
  NormalEquations MaterialsOf(const Field& x) const {
    const MaterialBasis materials(grey_values_);
    const int count = materials.materials();
    std::vector<Field> a;
    {
      Field voxels = A_->NewVolume();
      for (int m = 1; m <= count; ++m) {
        Indicator(x, materials, m, voxels);
        A_->Project(voxels, a.emplace_back(A_->NewProjections()));
      }
    }
    return MakeNormalEquations(a, *b_, bb_);
  }

  const Op* A_;
  const Field* b_;
  DartInnerOptions inner_;
  std::vector<double> given_grey_values_, grey_values_;
  GreyValues rule_;
  double bb_;
  std::optional<Field> C_;  // 1 / column sums, for SIRT
};

}  // namespace tomoslab
