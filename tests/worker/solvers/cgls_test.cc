#include "worker/solvers/cgls.h"

#include <vector>

#include "gtest/gtest.h"
#include "tests/support/dense_operator.h"

namespace tomoslab {
namespace {

const auto kNeverStop = [](const Progress&, const auto&) { return false; };

// Symmetric positive definite; A (1, -2, 3) = b.
const Matrix kSpd = {{4, 1, 0}, {1, 3, 1}, {0, 1, 2}};
const std::vector<double> kRight = {2, -2, 4};

TEST(Cgls, SolvesThreeEquationsInThreeSteps) {
  const DenseOperator A(kSpd);
  DenseVector x = A.NewVolume();
  const SolverResult result =
      Cgls(A, DenseVector(kRight), {.stopping = {.iterations = 3}}, x, kNeverStop);
  EXPECT_NEAR(x.values[0], 1, 1e-10);
  EXPECT_NEAR(x.values[1], -2, 1e-10);
  EXPECT_NEAR(x.values[2], 3, 1e-10);
  EXPECT_LT(result.progress.relative_residual, 1e-10);
  EXPECT_EQ(A.projections, 3);
  EXPECT_EQ(A.backprojections, 3);
}

TEST(Cgls, ResidualNeverRises) {
  const DenseOperator A({{1, .5, 0}, {0, 2, .3}, {.2, 0, 3}, {1, 1, 1}});
  DenseVector x({5, 5, 5});
  double before = 1e9;
  Cgls(A, DenseVector({1, -.5, 2, 1.5}), {.stopping = {.iterations = 3}}, x,
       [&](const Progress& progress, const auto&) {
         EXPECT_LE(progress.misfit, before);
         before = progress.misfit;
         return false;
       });
  EXPECT_EQ(A.projections, 4);  // one more: the start was not zero
  EXPECT_NEAR(x.values[0], 1.2035823283453666, 1e-9);
  EXPECT_NEAR(x.values[1], -0.3333508113849336, 1e-9);
  EXPECT_NEAR(x.values[2], 0.5904489170330334, 1e-9);
}

TEST(Cgls, EndsAtTheSolution) {
  const DenseOperator A({{1, 0}, {0, 1}});
  DenseVector x({2, 3});
  const SolverResult result =
      Cgls(A, DenseVector({2, 3}), {.stopping = {.iterations = 10}}, x, kNeverStop);
  EXPECT_EQ(result.reason, StopReason::kConverged);
  EXPECT_EQ(result.progress.iteration, 0);
}

TEST(Cgls, StaysAtZeroWithoutData) {
  const DenseOperator A(kSpd);
  DenseVector x = A.NewVolume();
  const SolverResult result =
      Cgls(A, A.NewProjections(), {.stopping = {.iterations = 10}}, x, kNeverStop);
  EXPECT_EQ(result.reason, StopReason::kConverged);
  EXPECT_EQ(MaxAbs(x), 0);
}

TEST(Cgls, StopsByResidual) {
  const DenseOperator A(kSpd);
  DenseVector x = A.NewVolume();
  const SolverResult result =
      Cgls(A, DenseVector(kRight), {.stopping = {.iterations = 9, .relative_residual = 0.3}}, x,
           kNeverStop);
  EXPECT_EQ(result.reason, StopReason::kRelativeResidual);
  EXPECT_LT(result.progress.iteration, 3);
}

TEST(Cgls, RunsOnFields) {
  const DenseFieldOperator A(kSpd);
  Field b = A.NewProjections();
  for (int i = 0; i < 3; ++i) b.data()[i] = static_cast<float>(kRight[i]);
  Field x = A.NewVolume();
  Cgls(A, b, {.stopping = {.iterations = 3}}, x, kNeverStop);
  EXPECT_NEAR(x.data()[0], 1, 1e-5);
  EXPECT_NEAR(x.data()[1], -2, 1e-5);
  EXPECT_NEAR(x.data()[2], 3, 1e-5);
}

}  // namespace
}  // namespace tomoslab
