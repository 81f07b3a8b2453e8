#include "worker/solvers/poly_barzilai_borwein.h"

#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/beam_models.h"
#include "tests/support/dense_operator.h"
#include "tests/support/figure.h"
#include "tests/support/parallel_matrix.h"
#include "worker/solvers/polychromatic_objective.h"

namespace tomoslab {
namespace {

using testing::AluminiumAndIron;
using testing::DoubleLineIntegral;
using testing::ParallelMatrix;
using Misfit = PolychromaticObjective<DenseOperator, DoubleLineIntegral>;

const auto kNeverStop = [](const Progress&, const auto&) { return false; };
constexpr int kSize = 12;
constexpr double kUpper = 1.5 * 0.642813546;

/// A disc of porous aluminium with a rod of aluminium and iron: no node of the model, where f has a
/// kink.
DenseVector Truth() {
  DenseVector x(kSize * kSize);
  for (int i = 0; i < kSize * kSize; ++i) {
    const double r = std::hypot(i % kSize - 5.5, static_cast<double>(i / kSize) - 5.5);
    x.values[i] = r < 5 ? 0.05 : 0;
  }
  x.values[7 * kSize + 7] = x.values[7 * kSize + 8] = 0.4;
  return x;
}

struct Problem {
  Problem() : A(ParallelMatrix(kSize, 30, 1.0)), b(A.NewProjections()) {
    PolychromaticProjection<DenseOperator, DoubleLineIntegral> projection(A, AluminiumAndIron());
    projection.Project(Truth());
    projection.LineIntegrals(0, b.size(), b.data());
    A.projections = A.backprojections = 0;
  }
  Misfit Objective(const PolychromaticOptions& options = {}) const {
    return Misfit(A, b, AluminiumAndIron(), options);
  }
  DenseOperator A;
  DenseVector b;
};

BarzilaiBorweinOptions Iterate(int iterations) {
  return {.stopping = {.iterations = iterations}, .bounds = {.lower = 0, .upper = kUpper}};
}

TEST(PolyBarzilaiBorwein, ComesNearTheImageThatMadeTheData) {
  // Not nearer: voxels at the rod's edge stop at aluminium's node, where f has a kink.
  const Problem problem;
  Misfit f = problem.Objective();
  DenseVector x = f.NewVolume();
  const SolverResult result = PolyBarzilaiBorwein(f, Iterate(500), x, kNeverStop);
  EXPECT_LT(result.progress.relative_residual, 2e-3);
  const DenseVector truth = Truth();
  Subtract(x, truth, x);
  EXPECT_LT(Norm(x) / Norm(truth), 0.15);
}

/// Counts its images.
class CountedMisfit : public Misfit {
 public:
  using Misfit::Misfit;
  double Value(const DenseVector& x) {
    ++values;
    return Misfit::Value(x);
  }
  int values = 0;
};

TEST(PolyBarzilaiBorwein, CostsAsManyProjectionsAsThereAreMaterials) {  // A9
  const Problem problem;
  for (const bool linear_adjoint : {false, true}) {
    for (const double start : {0.0, 0.03}) {
      problem.A.projections = problem.A.backprojections = 0;
      CountedMisfit f(problem.A, problem.b, AluminiumAndIron(), {.linear_adjoint = linear_adjoint});
      DenseVector x = f.NewVolume();
      Fill(start, x);
      PolyBarzilaiBorwein(f, Iterate(10), x, kNeverStop);
      // One each for the start image, the first step and every iteration; few are rejected.
      const int rejected = f.values - (1 + 1 + 10);
      EXPECT_GE(rejected, 0);
      EXPECT_LE(rejected, 2);
      // M = 2 for every image but an empty one.
      const int images = 10 + 2 + rejected - (start == 0 ? 1 : 0);
      testing::ExpectExactly("A9 poly-BB, 2 materials: projections an image",
                             problem.A.projections / images, 2);
      EXPECT_EQ(problem.A.projections % images, 0);
      const char* adjoint = linear_adjoint ? "linear adjoint" : "exact gradient";
      testing::ExpectExactly(
          std::string("A9 poly-BB, 2 materials, ") + adjoint + ": backprojections in 10 iterations",
          problem.A.backprojections, (linear_adjoint ? 1 : 2) * 10);
    }
  }
}

/// f = ½ ‖A x − b‖² as an Objective: on a quadratic, poly-BB is BB.
class LeastSquares {
 public:
  LeastSquares(const DenseOperator& A, const DenseVector& b) : A_(A), b_(b), r_(Like(b)) {}
  DenseVector NewVolume() const { return A_.NewVolume(); }
  double DataNorm() const { return Norm(b_); }
  double Value(const DenseVector& x) {
    ++values;
    A_.Project(x, r_);
    Subtract(r_, b_, r_);
    return 0.5 * Dot(r_, r_);
  }
  void Gradient(const DenseVector&, DenseVector& g) { A_.Backproject(r_, g); }

  int values = 0;

 private:
  const DenseOperator& A_;
  const DenseVector& b_;
  DenseVector r_;
};

TEST(PolyBarzilaiBorwein, IsBarzilaiBorweinOnAQuadratic) {
  const Problem problem;
  DenseVector x = problem.A.NewVolume(), expected = problem.A.NewVolume();
  LeastSquares f(problem.A, problem.b);
  PolyBarzilaiBorwein(f, Iterate(15), x, kNeverStop);
  BarzilaiBorwein(problem.A, problem.b, Iterate(15), expected, kNeverStop);
  for (std::size_t j = 0; j < x.values.size(); ++j) {
    EXPECT_NEAR(x.values[j], expected.values[j], 1e-9);
  }
}

TEST(PolyBarzilaiBorwein, TheFirstStepIsCauchysOnAQuadratic) {
  // f = ½ (2x − 3)² : its parabola is itself.
  const DenseOperator A(Matrix{{2.0}});
  const DenseVector b(std::vector<double>{3.0});
  LeastSquares f(A, b);
  DenseVector x(std::vector<double>{0.25}), g = f.NewVolume(), trial = f.NewVolume();
  const double misfit = f.Value(x);
  f.Gradient(x, g);
  EXPECT_NEAR(FirstStep(f, misfit, x, g, trial), 0.25, 1e-12);  // 1 / ‖A‖²
}

TEST(PolyBarzilaiBorwein, KeepsToItsBoundsAndItsWindow) {
  const Problem problem;
  Misfit f = problem.Objective();
  DenseVector x = f.NewVolume();
  BarzilaiBorweinOptions options = Iterate(200);
  options.bounds = {.lower = 0.01, .upper = 0.5};
  options.step_rule = StepRule::kBb1;  // goes uphill more
  std::vector<double> misfits;
  PolyBarzilaiBorwein(f, options, x, [&](const Progress& progress, const DenseVector& image) {
    for (double value : image.values) {
      EXPECT_GE(value, 0.01);
      EXPECT_LE(value, 0.5);
    }
    const auto window = misfits.size() > 10 ? misfits.end() - 10 : misfits.begin();
    if (!misfits.empty()) {
      EXPECT_LE(progress.misfit, *std::max_element(window, misfits.end()));
    }
    misfits.push_back(progress.misfit);
    return false;
  });
  EXPECT_GT(misfits.size(), 100u);
}

TEST(PolyBarzilaiBorwein, ReturnsTheBestImageWhenTheLastIsWorse) {
  const Problem problem;
  std::vector<double> misfits;
  const auto record = [&](const Progress& progress, const auto&) {
    misfits.push_back(progress.misfit);
    return false;
  };
  Misfit f = problem.Objective();
  DenseVector x = f.NewVolume();
  BarzilaiBorweinOptions options = Iterate(60);
  options.step_rule = StepRule::kBb1;
  PolyBarzilaiBorwein(f, options, x, record);
  // Stop it where it had just gone uphill.
  std::size_t worse = 1;
  while (worse < misfits.size() && misfits[worse] <= 1.02 * misfits[worse - 1]) ++worse;
  ASSERT_LT(worse, misfits.size());
  options.stopping.iterations = static_cast<int>(worse);
  x = f.NewVolume();
  const SolverResult result = PolyBarzilaiBorwein(f, options, x, kNeverStop);
  EXPECT_NEAR(result.progress.misfit, *std::min_element(misfits.begin(), misfits.begin() + worse),
              1e-12);
  EXPECT_NEAR(f.Value(x), result.progress.misfit, 1e-12);
}

TEST(PolyBarzilaiBorwein, StopsAtASolutionAndWhenItIsTold) {
  const Problem problem;
  Misfit f = problem.Objective();
  DenseVector x = Truth();
  EXPECT_EQ(PolyBarzilaiBorwein(f, Iterate(10), x, kNeverStop).reason, StopReason::kConverged);
  x = f.NewVolume();
  const auto third = [](const Progress& progress, const auto&) { return progress.iteration == 3; };
  const SolverResult result = PolyBarzilaiBorwein(f, Iterate(10), x, third);
  EXPECT_EQ(result.reason, StopReason::kWatch);
  EXPECT_EQ(result.progress.iteration, 3);
}

/// Says that every image but the first is worse: no step is ever accepted.
class NothingHelps : public LeastSquares {
 public:
  using LeastSquares::LeastSquares;
  double Value(const DenseVector& x) {
    const double value = LeastSquares::Value(x);
    return values == 1 ? value : 1e6;
  }
};

TEST(PolyBarzilaiBorwein, GivesUpWhenNoStepIsAccepted) {
  const Problem problem;
  NothingHelps f(problem.A, problem.b);
  DenseVector x = f.NewVolume();
  const SolverResult result = PolyBarzilaiBorwein(f, Iterate(10), x, kNeverStop);
  EXPECT_EQ(result.reason, StopReason::kConverged);
  EXPECT_EQ(result.progress.iteration, 0);
  EXPECT_EQ(MaxAbs(x), 0);
  EXPECT_EQ(f.values, 1 + 1 + 9);
}

}  // namespace
}  // namespace tomoslab
