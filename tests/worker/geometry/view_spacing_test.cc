#include "worker/geometry/view_spacing.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace tomoslab {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kDegree = kPi / 180;

std::vector<double> Arc(double first_deg, double step_deg, int views) {
  std::vector<double> angles;
  for (int i = 0; i < views; ++i) angles.push_back((first_deg + i * step_deg) * kDegree);
  return angles;
}

double Total(const ViewSpacing& spacing) {
  return std::accumulate(spacing.spacing_rad.begin(), spacing.spacing_rad.end(), 0.0);
}

TEST(ViewSpacing, FullCircle) {
  const ViewSpacing spacing = SpaceViews(Arc(17, 1, 360), 2 * kPi);
  EXPECT_TRUE(spacing.closed);
  EXPECT_NEAR(spacing.arc_rad, 2 * kPi, 1e-9);
  for (double s : spacing.spacing_rad) EXPECT_NEAR(s, kDegree, 1e-9);
}

TEST(ViewSpacing, TheSameAngleTwiceSharesItsArc) {
  const ViewSpacing spacing = SpaceViews(Arc(0, 0.5, 721), 2 * kPi);
  EXPECT_TRUE(spacing.closed);
  EXPECT_NEAR(spacing.spacing_rad[0], 0.25 * kDegree, 1e-9);
  EXPECT_NEAR(spacing.spacing_rad[720], 0.25 * kDegree, 1e-9);
  EXPECT_NEAR(spacing.spacing_rad[360], 0.5 * kDegree, 1e-9);
}

TEST(ViewSpacing, FoldedOppositeViewsShare) {
  const ViewSpacing spacing = SpaceViews(Arc(0, 1, 360), kPi);
  EXPECT_TRUE(spacing.closed);
  for (double s : spacing.spacing_rad) EXPECT_NEAR(s, 0.5 * kDegree, 1e-9);
}

TEST(ViewSpacing, IrregularAnglesGetHalfOfBothGaps) {
  const ViewSpacing spacing = SpaceViews(std::vector<double>{0, 1, 3, 4.5}, 6.0);
  EXPECT_TRUE(spacing.closed);
  EXPECT_EQ(spacing.spacing_rad, (std::vector<double>{1.25, 1.5, 1.75, 1.5}));
}

TEST(ViewSpacing, AnOpenArcInAnyOrder) {
  std::vector<double> angles = Arc(300, 1, 201);  // 300° … 500°
  std::swap(angles[3], angles[190]);
  const ViewSpacing spacing = SpaceViews(angles, 2 * kPi);
  EXPECT_FALSE(spacing.closed);
  EXPECT_NEAR(spacing.arc_rad, 201 * kDegree, 1e-9);
  EXPECT_NEAR(Total(spacing), spacing.arc_rad, 1e-9);
  EXPECT_NEAR(spacing.position_rad[0], 0.5 * kDegree, 1e-9);
  EXPECT_NEAR(spacing.position_rad[200], 200.5 * kDegree, 1e-9);
  EXPECT_NEAR(spacing.position_rad[3], 190.5 * kDegree, 1e-9);
}

TEST(ViewSpacing, ALostViewLeavesTheCircleClosed) {
  std::vector<double> angles = Arc(0, 1, 360);
  angles.erase(angles.begin() + 90, angles.begin() + 92);
  const ViewSpacing spacing = SpaceViews(angles, 2 * kPi);
  EXPECT_TRUE(spacing.closed);
  EXPECT_NEAR(Total(spacing), 2 * kPi, 1e-9);
}

TEST(ViewSpacing, GoldenAnglesAreClosed) {
  const ViewSpacing spacing = SpaceViews(Arc(0, 111.246117975, 40), kPi);
  EXPECT_TRUE(spacing.closed);
  EXPECT_NEAR(Total(spacing), kPi, 1e-9);
}

TEST(ViewSpacing, OneAngleCoversNothing) {
  EXPECT_EQ(SpaceViews(std::vector<double>{1, 1, 1}, kPi).arc_rad, 0);
  EXPECT_EQ(SpaceViews({}, kPi).arc_rad, 0);
}

TEST(ViewSpacing, TwoViewsAreEnough) {
  const ViewSpacing spacing = SpaceViews(std::vector<double>{0, kPi / 2}, kPi);
  EXPECT_TRUE(spacing.closed);
  EXPECT_NEAR(spacing.spacing_rad[0], kPi / 2, 1e-12);
}

}  // namespace
}  // namespace tomoslab
