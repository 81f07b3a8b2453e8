#include "worker/geometry/filter_margins.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace tomoslab {
namespace {

/// A fan beam whose detector of 10 columns of 2 mm is shifted; magnification 2.
Scan FanScan(double shift_mm, double span_rad) {
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 100;
  orbit.source_detector_distance_mm = 200;
  orbit.detector_shift_u_mm = shift_mm;
  for (int view = 0; view < 36; ++view) orbit.angle_rad.push_back(span_rad * view / 36);
  return MakeCircularScan({.rows = 1, .columns = 10, .pixel_width_mm = 2, .pixel_height_mm = 2},
                          orbit)
      .value();
}

constexpr double kTurn = 2 * std::numbers::pi;

TEST(MarginColumns, MakeTheDetectorSymmetricAboutTheAxis) {
  // The axis projects onto column 4.5 − 4 / 2 = 2.5: 3 columns on one side, 7 on the other.
  EXPECT_EQ(MarginColumns(FanScan(4, kTurn)), 4);
  EXPECT_EQ(MarginColumns(FanScan(-4, kTurn)), 4);
  EXPECT_EQ(MarginColumns(FanScan(4.5, kTurn)), 5);  // 4.5 columns
}

TEST(MarginColumns, AreNotNeededOnTheAxisOrWithoutAFullCircle) {
  EXPECT_EQ(MarginColumns(FanScan(0, kTurn)), 0);
  EXPECT_EQ(MarginColumns(FanScan(0.9, kTurn)), 0);  // less than a column
  EXPECT_EQ(MarginColumns(FanScan(4, kTurn * 2 / 3)), 0);
}

TEST(MarginColumns, AreNotMadeForADetectorBesideTheAxis) {
  EXPECT_EQ(MarginColumns(FanScan(200, kTurn)), 0);
}

TEST(MarginColumns, AreNotKnownOfViewsGivenOneByOne) {
  Scan scan = FanScan(4, kTurn);
  scan.orbit.reset();
  EXPECT_EQ(MarginColumns(scan), 0);
}

}  // namespace
}  // namespace tomoslab
