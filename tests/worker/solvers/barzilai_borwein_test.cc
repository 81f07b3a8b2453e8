#include "worker/solvers/barzilai_borwein.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/dense_operator.h"
#include "tests/support/figure.h"
#include "tests/support/golden_bb.h"

namespace tomoslab {
namespace {

const auto kNeverStop = [](const Progress&, const auto&) { return false; };
const Bounds kNonNegative{.lower = 0};

/// acceptance.md A3: every iterate to 1e-10.
void ExpectIterates(const golden::BbCase& expected, const Bounds& bounds) {
  const DenseOperator A(expected.a);
  DenseVector x = A.NewVolume();
  const int updates = static_cast<int>(expected.x.size()) - 1;
  int seen = 0;
  double error = 0;
  const auto compare = [&](const Progress& progress, const DenseVector& image) {
    const std::vector<double>& golden = expected.x[progress.iteration];
    for (std::size_t i = 0; i < golden.size(); ++i)
      error = std::max(error, std::abs(image.values[i] - golden[i]));
    if (progress.iteration < static_cast<int>(expected.misfit.size())) {
      EXPECT_NEAR(progress.misfit, expected.misfit[progress.iteration], 1e-10);
    }
    ++seen;
    return false;
  };
  BarzilaiBorwein(A, DenseVector(expected.b),
                  {.stopping = {.iterations = updates}, .bounds = bounds}, x, compare);
  EXPECT_EQ(seen, updates + 1);
  testing::ExpectAtMost("A3 BB against the golden iterates", error, 1e-10);
  // One projection more for the first step.
  testing::ExpectExactly("A9 BB: projections beyond one an iteration", A.projections - updates, 1);
  testing::ExpectExactly("A9 BB: backprojections beyond one an iteration",
                         A.backprojections - updates, 0);
}

TEST(BarzilaiBorwein, GoldenIteratesWithoutBounds) { ExpectIterates(golden::kUnconstrained, {}); }

TEST(BarzilaiBorwein, GoldenIteratesNonNegative) {
  ExpectIterates(golden::kNonNegative, kNonNegative);
}

class StepRules : public ::testing::TestWithParam<StepRule> {};

TEST_P(StepRules, FindTheSolution) {
  for (const auto& [problem, bounds] : {std::pair{golden::kUnconstrained, Bounds{}},
                                        std::pair{golden::kNonNegative, kNonNegative}}) {
    const DenseOperator A(problem.a);
    DenseVector x({3, 3, 3});
    BarzilaiBorwein(A, DenseVector(problem.b),
                    {.stopping = {.iterations = 120}, .bounds = bounds, .step_rule = GetParam()}, x,
                    kNeverStop);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(x.values[i], problem.solution[i], 1e-7);
  }
}

INSTANTIATE_TEST_SUITE_P(Both, StepRules, ::testing::Values(StepRule::kBb1, StepRule::kBb2));

/// Hilbert's matrix: hard enough for steps to go uphill.
Matrix Hilbert(int n) {
  Matrix a(n, std::vector<double>(n));
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) a[i][j] = 1.0 / (i + j + 1);
  }
  return a;
}

TEST(BarzilaiBorwein, TheSafeguardBoundsEveryMisfit) {
  const DenseOperator A(Hilbert(8));
  const DenseVector b({1, -1, 1, -1, 1, -1, 1, -1});
  for (StepRule rule : {StepRule::kBb1, StepRule::kBb2}) {
    DenseVector x = A.NewVolume();
    std::vector<double> misfits;
    BarzilaiBorwein(A, b, {.stopping = {.iterations = 300}, .step_rule = rule}, x,
                    [&](const Progress& progress, const auto&) {
                      EXPECT_TRUE(std::isfinite(progress.misfit));
                      misfits.push_back(progress.misfit);
                      return false;
                    });
    for (std::size_t k = 1; k < misfits.size(); ++k) {
      const auto begin = misfits.begin() + (k > 10 ? k - 10 : 0);
      EXPECT_LE(misfits[k], *std::max_element(begin, misfits.begin() + k) * (1 + 1e-6)) << k;
    }
  }
}

TEST(BarzilaiBorwein, ReturnsTheBestImageWhenTheLastIsWorse) {
  const DenseVector b({1, -1, 1, -1, 1, -1, 1, -1});
  int restored = 0;
  for (int updates = 1; updates < 60; ++updates) {
    const DenseOperator A(Hilbert(8));
    DenseVector x = A.NewVolume();
    double best = 1e9, last = 0;
    const SolverResult result =
        BarzilaiBorwein(A, b, {.stopping = {.iterations = updates}, .step_rule = StepRule::kBb1}, x,
                        [&](const Progress& progress, const auto&) {
                          best = std::min(best, progress.misfit);
                          last = progress.misfit;
                          return false;
                        });
    DenseVector r = A.NewProjections();
    A.Project(x, r);
    Subtract(r, b, r);
    EXPECT_NEAR(0.5 * Dot(r, r), result.progress.misfit, 1e-9);
    EXPECT_LE(result.progress.misfit, 1.01 * best);
    if (result.progress.misfit < last) {
      EXPECT_EQ(result.progress.misfit, best);
      ++restored;
    }
  }
  EXPECT_GT(restored, 0);  // the test means something only if it happened
}

TEST(BarzilaiBorwein, ConvergesAtOnceAtTheSolution) {
  const DenseOperator A({{1, 0}, {0, 1}});
  DenseVector x({2, 0});
  const SolverResult result =
      BarzilaiBorwein(A, DenseVector({2, -5}),
                      {.stopping = {.iterations = 10}, .bounds = kNonNegative}, x, kNeverStop);
  EXPECT_EQ(result.reason, StopReason::kConverged);
  EXPECT_EQ(x.values, (std::vector<double>{2, 0}));
}

TEST(BarzilaiBorwein, StaysFiniteWithoutData) {
  const DenseOperator A(golden::kUnconstrained.a);
  DenseVector x = A.NewVolume();
  const SolverResult result =
      BarzilaiBorwein(A, A.NewProjections(), {.stopping = {.iterations = 10}}, x, kNeverStop);
  EXPECT_EQ(result.reason, StopReason::kConverged);
  EXPECT_EQ(result.progress.relative_residual, 0);
}

TEST(BarzilaiBorwein, RecomputesTheResidualEvery50Iterations) {
  const DenseOperator A(Hilbert(8));
  DenseVector x = A.NewVolume();
  BarzilaiBorwein(A, DenseVector({1, -1, 1, -1, 1, -1, 1, -1}), {.stopping = {.iterations = 101}},
                  x, kNeverStop);
  EXPECT_EQ(A.projections, 101 + 1 + 2);
  EXPECT_EQ(A.backprojections, 101);
}

TEST(BarzilaiBorwein, StopsByStagnation) {
  const DenseOperator A(golden::kNonNegative.a);
  DenseVector x = A.NewVolume();
  const SolverResult result = BarzilaiBorwein(
      A, DenseVector(golden::kNonNegative.b),
      {.stopping = {.iterations = 1000, .relative_update = 1e-3}, .bounds = kNonNegative}, x,
      kNeverStop);
  EXPECT_EQ(result.reason, StopReason::kRelativeUpdate);
  EXPECT_LT(result.progress.iteration, 100);
}

TEST(BarzilaiBorwein, KeepsItsBoundsOnFields) {
  const golden::BbCase& problem = golden::kNonNegative;
  const DenseFieldOperator A(problem.a);
  Field b = A.NewProjections();
  for (std::size_t i = 0; i < 4; ++i) b.data()[i] = static_cast<float>(problem.b[i]);
  const Bounds box{.lower = 0, .upper = 0.5};
  Field x = A.NewVolume();
  BarzilaiBorwein(A, b, {.stopping = {.iterations = 40}, .bounds = box}, x,
                  [&](const Progress&, const Field& image) {
                    for (float value : image.values()) EXPECT_TRUE(value >= 0 && value <= 0.5f);
                    return false;
                  });
  EXPECT_FLOAT_EQ(x.data()[0], 0.5);
  EXPECT_FLOAT_EQ(x.data()[1], 0);
}

}  // namespace
}  // namespace tomoslab
