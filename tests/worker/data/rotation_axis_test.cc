#include "worker/data/rotation_axis.h"

#include <cmath>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/sinograms.h"
#include "worker/data/conjugate_rays.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

constexpr double kDegree = std::numbers::pi / 180;

const Ellipsoids kPhantom = {{{1, 0, 0}, {16, 13, 40}, 0.02},
                             {{-7, 3, 0}, {4, 4, 40}, 0.03},
                             {{8, -4, 0}, {2, 3, 40}, -0.02}};
constexpr Detector kLine{
    .rows = 1, .columns = 200, .pixel_width_mm = 0.25, .pixel_height_mm = 0.25};
constexpr Detector kHalfLine{
    .rows = 1, .columns = 110, .pixel_width_mm = 0.25, .pixel_height_mm = 0.25};

std::vector<double> Arc(double arc_deg, int views) {
  std::vector<double> angles;
  for (int i = 0; i < views; ++i) angles.push_back(arc_deg * i / views * kDegree);
  return angles;
}

CircularOrbit Orbit(Beam beam, std::vector<double> angles, double shift_u_mm,
                    double axis_offset_mm = 0) {
  return {.beam = beam,
          .source_object_distance_mm = 90,
          .source_detector_distance_mm = 100,
          .detector_shift_u_mm = shift_u_mm,
          .rotation_axis_offset_mm = axis_offset_mm,
          .angle_rad = std::move(angles)};
}

struct Case {
  std::string name;
  Detector detector;
  CircularOrbit orbit;
};
class RotationAxisCases : public testing::TestWithParam<Case> {};

TEST_P(RotationAxisCases, FoundInNoisyData) {
  const Case& c = GetParam();
  Sinogram sinogram = SinogramOf(kPhantom, c.detector, c.orbit);
  std::mt19937 generator(1);
  std::normal_distribution<float> noise(0, 0.01f);  // the phantom absorbs up to 0.9
  for (float& value : sinogram.values) value += noise(generator);
  CircularOrbit unknown = c.orbit;
  unknown.detector_shift_u_mm = 0;
  const auto axis = FindRotationAxis(sinogram.values, c.detector, unknown);
  ASSERT_TRUE(axis.ok()) << axis.status();
  EXPECT_NEAR(axis->column, RotationAxisColumn(c.detector, c.orbit), 0.1) << axis->ToString();
  EXPECT_LT(axis->mismatch, 0.1);
  EXPECT_GT(axis->uncertainty_columns, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Geometries, RotationAxisCases,
    testing::Values(Case{"ParallelHalfTurn", kLine, Orbit(Beam::kParallel, Arc(180, 180), 2.3)},
                    Case{"ParallelHalfTurnBothEnds", kLine,
                         Orbit(Beam::kParallel, Arc(180.0 * 181 / 180, 181), -3.1)},
                    Case{"ParallelFullTurn", kLine, Orbit(Beam::kParallel, Arc(360, 300), 1.07)},
                    Case{"ParallelHalfAcquisition", kHalfLine,
                         Orbit(Beam::kParallel, Arc(360, 400), 10)},
                    Case{"FanFullTurn", kLine, Orbit(Beam::kCone, Arc(360, 360), -1.4)},
                    Case{"FanFullTurnAxisOffset", kLine, Orbit(Beam::kCone, Arc(360, 360), 2, 1)},
                    Case{"FanShortScan", kLine, Orbit(Beam::kCone, Arc(230, 230), 0.6)},
                    Case{"HalfFan", kHalfLine, Orbit(Beam::kCone, Arc(360, 400), -9)}),
    [](const auto& info) { return info.param.name; });

TEST(RotationAxis, SaysWhenViewsHaveNoConjugates) {
  const Sinogram sinogram = SinogramOf(kPhantom, kLine, Orbit(Beam::kParallel, Arc(120, 120), 0));
  const auto axis = FindRotationAxis(sinogram.values, sinogram.detector, sinogram.orbit);
  EXPECT_EQ(axis.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(axis.status().message()), HasSubstr("cover 119.0°"));
}

TEST(RotationAxis, SaysWhenTheDataCannotTell) {
  const CircularOrbit orbit = Orbit(Beam::kParallel, Arc(360, 180), 0);
  std::vector<float> nothing(180 * 200, 0.1f);
  EXPECT_EQ(FindRotationAxis(nothing, kLine, orbit).status().code(),
            absl::StatusCode::kFailedPrecondition);
  std::mt19937 generator(1);
  std::normal_distribution<float> noise(0, 1);
  for (float& value : nothing) value = noise(generator);
  const auto axis = FindRotationAxis(nothing, kLine, orbit);
  EXPECT_THAT(std::string(axis.status().message()), HasSubstr("rotation_axis_column"));
  EXPECT_FALSE(FindRotationAxis(std::vector<float>(4 * 8), {1, 8, 1, 1},
                                Orbit(Beam::kParallel, Arc(360, 4), 0))
                   .ok());
}

TEST(RotationAxis, OfTheTooth) {
  const Sinogram tooth =
      SinogramOfFile(std::string(TOMOSLAB_TEST_SOURCE) + "/tests/data/tooth_dx.h5");
  const auto axis = FindRotationAxis(tooth.values, tooth.detector, tooth.orbit);
  ASSERT_TRUE(axis.ok()) << axis.status();
  EXPECT_NEAR(axis->column, 296.0, 0.25) << axis->ToString();
}

TEST(RotationAxis, OfAnAcrylicDisc) {
  const Sinogram disc =
      SinogramOfFile(std::string(TOMOSLAB_TEST_SOURCE) + "/tests/data/htc2022_ta_fan.h5");
  const auto axis = FindRotationAxis(disc.values, disc.detector, disc.orbit);
  ASSERT_TRUE(axis.ok()) << axis.status();
  EXPECT_NEAR(axis->column, 279.5, 0.25) << axis->ToString();
}

TEST(RotationSense, ReversedAnglesShow) {
  CircularOrbit orbit = Orbit(Beam::kCone, Arc(360, 360), 1.5);
  const Sinogram sinogram = SinogramOf(kPhantom, kLine, orbit);
  const auto given = CheckRotationSense(sinogram.values, kLine, orbit);
  ASSERT_TRUE(given.has_value());
  EXPECT_LT(given->mismatch_as_given, 0.03);
  EXPECT_FALSE(given->LooksReversed());
  EXPECT_EQ(given->Warning(), "");

  for (double& angle : orbit.angle_rad) angle = -angle;
  const auto reversed = CheckRotationSense(sinogram.values, kLine, orbit);
  ASSERT_TRUE(reversed.has_value());
  EXPECT_TRUE(reversed->LooksReversed());
  EXPECT_THAT(reversed->Warning(), HasSubstr("looks reversed"));
}

TEST(RotationSense, OfAnAcrylicDisc) {
  Sinogram disc =
      SinogramOfFile(std::string(TOMOSLAB_TEST_SOURCE) + "/tests/data/htc2022_tb_fan.h5");
  const auto given = CheckRotationSense(disc.values, disc.detector, disc.orbit);
  ASSERT_TRUE(given.has_value());
  EXPECT_FALSE(given->LooksReversed());
  EXPECT_LT(given->mismatch_as_given, 0.05);
  for (double& angle : disc.orbit.angle_rad) angle = -angle;
  const auto reversed = CheckRotationSense(disc.values, disc.detector, disc.orbit);
  EXPECT_TRUE(reversed->LooksReversed());
  EXPECT_GT(reversed->mismatch_as_given, 0.1);
}

TEST(RotationSense, IsNotToBeHadFromParallelBeamsOrShortArcs) {
  for (const CircularOrbit& orbit :
       {Orbit(Beam::kParallel, Arc(360, 90), 0), Orbit(Beam::kCone, Arc(220, 90), 0)}) {
    const Sinogram sinogram = SinogramOf(kPhantom, kLine, orbit);
    EXPECT_FALSE(CheckRotationSense(sinogram.values, kLine, orbit).has_value());
  }
}

}  // namespace
}  // namespace tomoslab
