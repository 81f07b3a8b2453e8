#include "worker/solvers/sirt.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/dense_operator.h"

namespace tomoslab {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

const auto kNeverStop = [](const Progress&, const auto&) { return false; };

TEST(Sirt, OneStepByHand) {
  // Row sums 3, 4; column sums 2, 5. x = 0: r = b = (6, 8), R r = (2, 2), Aᵀ R r = (4, 10), C: (2,
  // 2).
  const DenseOperator A({{1, 2}, {1, 3}});
  const DenseVector b({6, 8});
  DenseVector x = A.NewVolume();
  Sirt(A, b, {.stopping = {.iterations = 1}}, x, kNeverStop);
  EXPECT_THAT(x.values, ElementsAre(DoubleEq(2), DoubleEq(2)));
}

TEST(Sirt, RelaxationScalesTheStep) {
  const DenseOperator A({{1, 2}, {1, 3}});
  DenseVector x = A.NewVolume();
  Sirt(A, DenseVector({6, 8}), {.stopping = {.iterations = 1}, .relaxation = 0.5}, x, kNeverStop);
  EXPECT_THAT(x.values, ElementsAre(DoubleEq(1), DoubleEq(1)));
}

TEST(Sirt, RaysAndVoxelsThatMeetNothingStayOut) {
  const DenseOperator A({{1, 0}, {0, 0}});
  DenseVector x = A.NewVolume();
  Sirt(A, DenseVector({3, 7}), {.stopping = {.iterations = 5}}, x, kNeverStop);
  EXPECT_THAT(x.values, ElementsAre(DoubleEq(3), DoubleEq(0)));
}

TEST(Sirt, ConvergesMonotonicallyAndKeepsItsBounds) {
  const DenseOperator A({{1, .5, 0}, {0, 2, .3}, {.2, 0, 3}, {1, 1, 1}});
  const DenseVector b({1, .5, 2, 1.5});
  const SirtOptions options{
      .stopping = {.iterations = 200}, .relaxation = 1.5, .bounds = {.lower = 0, .upper = 0.6}};
  DenseVector x = A.NewVolume();
  double before = 1e9;
  int seen = 0;
  const SolverResult result =
      Sirt(A, b, options, x, [&](const Progress& progress, const DenseVector& image) {
        EXPECT_EQ(progress.iteration, seen++);
        EXPECT_LE(progress.misfit, before * (1 + 1e-12));
        before = progress.misfit;
        for (double value : image.values) EXPECT_TRUE(value >= 0 && value <= 0.6);
        return false;
      });
  EXPECT_EQ(seen, 201);
  EXPECT_EQ(result.reason, StopReason::kIterations);
  EXPECT_EQ(result.progress.iteration, 200);
  EXPECT_EQ(A.projections, 201);      // row sums, and one per image but the first, which is 0
  EXPECT_EQ(A.backprojections, 201);  // column sums, and one per update
}

TEST(Sirt, StopsByResidualByStagnationAndByTheWatcher) {
  const DenseOperator A({{2, 0}, {0, 1}});
  const DenseVector b({1, 1});
  DenseVector x = A.NewVolume();
  const SirtOptions residual{.stopping = {.iterations = 1000, .relative_residual = 1e-3},
                             .relaxation = 0.5};
  const SolverResult by_residual = Sirt(A, b, residual, x, kNeverStop);
  EXPECT_EQ(by_residual.reason, StopReason::kRelativeResidual);
  EXPECT_LE(by_residual.progress.relative_residual, 1e-3);
  EXPECT_LT(by_residual.progress.iteration, 20);

  Fill(0, x);
  const SirtOptions stagnation{.stopping = {.iterations = 1000, .relative_update = 1e-3},
                               .relaxation = 0.5};
  const SolverResult by_stagnation = Sirt(A, b, stagnation, x, kNeverStop);
  EXPECT_EQ(by_stagnation.reason, StopReason::kRelativeUpdate);
  EXPECT_LT(*by_stagnation.progress.relative_update, 1e-3);

  Fill(0, x);
  const SolverResult by_watcher =
      Sirt(A, b, residual, x,
           [](const Progress& progress, const auto&) { return progress.iteration == 2; });
  EXPECT_EQ(by_watcher.reason, StopReason::kWatch);
  EXPECT_EQ(by_watcher.progress.iteration, 2);
}

TEST(Sirt, AnImageHeldByItsBoundsStagnates) {
  const DenseOperator A({{1, 0}, {0, 1}});
  DenseVector x = A.NewVolume();
  const SirtOptions options{.stopping = {.iterations = 100, .relative_update = 1e-6},
                            .bounds = {.lower = 0, .upper = 1}};
  const SolverResult result = Sirt(A, DenseVector({5, 5}), options, x, kNeverStop);
  EXPECT_EQ(result.reason, StopReason::kRelativeUpdate);
  EXPECT_EQ(result.progress.iteration, 2);
  EXPECT_THAT(x.values, ElementsAre(1, 1));
}

TEST(Sirt, RunsOnFields) {
  const DenseFieldOperator A({{1, 2}, {1, 3}});
  Field b = A.NewProjections();
  b.data()[0] = 6, b.data()[1] = 8;
  Field x = A.NewVolume();
  Sirt(A, b, {.stopping = {.iterations = 1}}, x, kNeverStop);
  EXPECT_FLOAT_EQ(x.data()[0], 2);
  EXPECT_FLOAT_EQ(x.data()[1], 2);
}

}  // namespace
}  // namespace tomoslab
