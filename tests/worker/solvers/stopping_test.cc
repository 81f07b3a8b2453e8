#include "worker/solvers/stopping.h"

#include "gtest/gtest.h"

namespace tomoslab {
namespace {

TEST(Stopping, AfterAllIterations) {
  const Stopping stopping{.iterations = 3};
  EXPECT_EQ(ReasonToStop(stopping, {.iteration = 2, .relative_residual = 0}), std::nullopt);
  EXPECT_EQ(ReasonToStop(stopping, {.iteration = 3}), StopReason::kIterations);
  EXPECT_EQ(ReasonToStop({}, {}), StopReason::kIterations);
}

TEST(Stopping, WhenTheResidualIsSmallEnough) {
  const Stopping stopping{.iterations = 100, .relative_residual = 0.1};
  EXPECT_EQ(ReasonToStop(stopping, {.relative_residual = 0.11}), std::nullopt);
  EXPECT_EQ(ReasonToStop(stopping, {.relative_residual = 0.1}), StopReason::kRelativeResidual);
}

TEST(Stopping, WhenTheImageStagnates) {
  const Stopping stopping{.iterations = 100, .relative_update = 1e-3};
  EXPECT_EQ(ReasonToStop(stopping, {}), std::nullopt);  // not known yet
  EXPECT_EQ(ReasonToStop(stopping, {.iteration = 1, .relative_update = 1e-3}), std::nullopt);
  EXPECT_EQ(ReasonToStop(stopping, {.iteration = 1, .relative_update = 9e-4}),
            StopReason::kRelativeUpdate);
}

TEST(Stopping, EveryReasonHasWords) {
  for (StopReason reason :
       {StopReason::kIterations, StopReason::kRelativeResidual, StopReason::kRelativeUpdate,
        StopReason::kConverged, StopReason::kWatch}) {
    EXPECT_FALSE(Describe(reason).empty());
  }
}

}  // namespace
}  // namespace tomoslab
