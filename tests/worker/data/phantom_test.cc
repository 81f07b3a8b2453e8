#include "worker/data/phantom.h"

#include <cmath>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

namespace tomoslab {
namespace {

Phantom BallInBall() {
  return {{"shell", "core"},
          {{{0, 0, 0}, {10, 10, 10}, 0, 0, kAir},
           {{2, 0, 0}, {3, 3, 3}, 0, 1, 0},
           {{-4, 0, 0}, {1, 1, 1}, 0, kAir, 0}}};
}

TEST(ChordLength, IsTheDiameterThroughTheCentreOfABall) {
  const Ellipsoid ball{{1, 2, 3}, {5, 5, 5}, 0, 0, kAir};
  EXPECT_NEAR(ChordLength(ball, {{1, -50, 3}, {0, 1, 0}}), 10, 1e-12);
  EXPECT_NEAR(ChordLength(ball, {{4, -50, 3}, {0, 1, 0}}), 8, 1e-12);  // 3 off centre: 2·√(25 − 9)
  EXPECT_DOUBLE_EQ(ChordLength(ball, {{7, -50, 3}, {0, 1, 0}}), 0);
}

TEST(ChordLength, FollowsTheRotation) {
  // Long axis 4 along x, turned by 90 degrees onto y.
  const Ellipsoid e{{0, 0, 0}, {4, 1, 1}, std::numbers::pi / 2, 0, kAir};
  EXPECT_NEAR(ChordLength(e, {{0, -50, 0}, {0, 1, 0}}), 8, 1e-12);
  EXPECT_NEAR(ChordLength(e, {{-50, 0, 0}, {1, 0, 0}}), 2, 1e-12);
}

TEST(ChordLength, OfACylinderGrowsWithTheSlope) {
  const Ellipsoid cylinder{{0, 0, 0}, {2, 2, std::numeric_limits<double>::infinity()}, 0, 0, kAir};
  const double h = std::sqrt(0.5);
  EXPECT_NEAR(ChordLength(cylinder, {{0, 0, 7}, {h, 0, h}}), 4 * std::sqrt(2.0), 1e-12);
  EXPECT_EQ(ChordLength(cylinder, {{0, 0, 0}, {0, 0, 1}}), 0);
}

TEST(PathLengths, TakeChildrenOutOfTheirParent) {
  double lengths[2];
  PathLengths(BallInBall(), {{-50, 0, 0}, {1, 0, 0}}, absl::MakeSpan(lengths));
  EXPECT_NEAR(lengths[0], 20 - 6 - 2, 1e-12);
  EXPECT_NEAR(lengths[1], 6, 1e-12);
}

TEST(MaterialAt, IsTheInnermostOne) {
  const Phantom phantom = BallInBall();
  EXPECT_EQ(MaterialAt(phantom, {0, 9, 0}), 0);
  EXPECT_EQ(MaterialAt(phantom, {2, 0, 0}), 1);
  EXPECT_EQ(MaterialAt(phantom, {-4, 0, 0}), kAir);
  EXPECT_EQ(MaterialAt(phantom, {0, 11, 0}), kAir);
}

}  // namespace
}  // namespace tomoslab
