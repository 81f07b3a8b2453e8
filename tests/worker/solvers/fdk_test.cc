#include "worker/solvers/fdk.h"

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/ellipsoids.h"
#include "tests/support/plain_backprojector.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kDegree = std::numbers::pi / 180;

// Radius 16 mm, off-centre parts on both sides.
const Ellipsoids kPhantom = {{{0, 0, 0}, {16, 15, 40}, 0.02},
                             {{-7, 3, 0}, {4, 4, 40}, 0.02},
                             {{8, -4, 0}, {4, 3, 40}, -0.01}};
const Vec3 kProbes[] = {{0, -1, 0}, {-7, 3, 0}, {8, -4, 0}, {2, 11, 0}, {-1, -11, 0}, {12, 4, 0}};

std::vector<double> Arc(double first_deg, double arc_deg, int views) {
  std::vector<double> angles;
  for (int i = 0; i < views; ++i) angles.push_back((first_deg + arc_deg * i / views) * kDegree);
  return angles;
}

struct Case {
  std::string name;
  Detector detector;
  CircularOrbit orbit;
  double tolerance =
      0.015;  // of the phantom's 0.02 / mm: rings of a disc's sampled edge, ≤ 1.2 % seen
};

/// Mean attenuation over the 3 × 3 voxels (0.5 mm) around `point`, reconstructed with a Hann
/// window.
double Reconstruct(const Scan& scan, const Field& projections, Vec3 point) {
  const PlainBackprojector A(scan, {.columns = 3,
                                    .rows = 3,
                                    .slices = 1,
                                    .voxel_width_mm = 0.5,
                                    .voxel_height_mm = 0.5,
                                    .center_mm = point});
  Field x = A.NewVolume();
  const auto warnings = Fdk(A, scan, projections, {.window = RampWindow::kHann}, x);
  EXPECT_TRUE(warnings.ok()) << warnings.status();
  EXPECT_THAT(*warnings, IsEmpty());
  double sum = 0;
  for (float value : x.values()) sum += value;
  return sum / 9;
}

class FdkCases : public testing::TestWithParam<Case> {};

TEST_P(FdkCases, GiveTheAttenuationInPerMm) {
  const Case& c = GetParam();
  const Scan scan = MakeCircularScan(c.detector, c.orbit).value();
  const LocalSum sum;
  const Field projections = AnalyticProjections(kPhantom, scan, &sum);
  for (Vec3 probe : kProbes) {
    EXPECT_NEAR(Reconstruct(scan, projections, probe), AttenuationAt(kPhantom, probe),
                c.tolerance * 0.02)
        << probe.x << ", " << probe.y;
  }
}

constexpr Detector kLine{
    .rows = 1, .columns = 160, .pixel_width_mm = 0.4, .pixel_height_mm = 0.4};  // ± 32 mm
constexpr Detector kHalfLine{
    .rows = 1, .columns = 100, .pixel_width_mm = 0.4, .pixel_height_mm = 0.4};  // ± 20 mm

CircularOrbit Parallel(std::vector<double> angles, double shift_u_mm = 0) {
  return {
      .beam = Beam::kParallel, .detector_shift_u_mm = shift_u_mm, .angle_rad = std::move(angles)};
}
CircularOrbit Fan(std::vector<double> angles, double shift_u_mm = 0, double axis_offset_mm = 0) {
  return {.beam = Beam::kCone,
          .source_object_distance_mm = 100,
          .source_detector_distance_mm = 170,
          .detector_shift_u_mm = shift_u_mm,
          .rotation_axis_offset_mm = axis_offset_mm,
          .angle_rad = std::move(angles)};
}

/// 360 angles that crowd on one side of the circle.
std::vector<double> Crowded() {
  std::vector<double> angles = Arc(0, 360, 480);
  for (double& angle : angles) angle += 0.5 * std::sin(angle);
  return angles;
}

std::vector<double> Reversed(std::vector<double> angles) {
  return std::vector<double>(angles.rbegin(), angles.rend());
}

INSTANTIATE_TEST_SUITE_P(
    Geometries, FdkCases,
    testing::Values(Case{"Parallel180", kLine, Parallel(Arc(0, 180, 240))},
                    Case{"Parallel180BothEnds", kLine, Parallel(Arc(0, 180.0 * 241 / 240, 241))},
                    Case{"Parallel360", kLine, Parallel(Arc(10, 360, 360))},
                    Case{"Parallel250", kLine, Parallel(Arc(-40, 250, 340))},
                    Case{"ParallelShifted180", kLine, Parallel(Arc(0, 180, 240), 5)},
                    Case{"ParallelShifted360", kLine, Parallel(Arc(0, 360, 360), 5)},
                    Case{"ParallelHalfAcquisition", kHalfLine, Parallel(Arc(0, 360, 480), 14)},
                    Case{"ParallelHalfAcquisitionOtherSide", kHalfLine,
                         Parallel(Arc(0, 360, 480), -14)},
                    Case{"FanFull", kLine, Fan(Arc(0, 360, 360))},
                    Case{"FanFullClockwise", kLine, Fan(Reversed(Arc(0, 360, 360)))},
                    Case{"FanCrowdedAngles", kLine, Fan(Crowded())},
                    Case{"FanShort", kLine, Fan(Arc(30, 205, 300))},
                    Case{"FanShortClockwise", kLine, Fan(Reversed(Arc(-100, 205, 300)))},
                    Case{"FanOverscan", kLine, Fan(Arc(0, 280, 360))},
                    Case{"FanShiftedDetector", kLine, Fan(Arc(0, 360, 480), 3)},
                    Case{"FanAxisOffset", kLine, Fan(Arc(0, 360, 480), 0, 2)},
                    Case{"FanAxisOffsetShort", kLine, Fan(Arc(50, 210, 400), 0.5, -1)},
                    Case{"FanAxisOffsetAndShiftThatCancel", kLine, Fan(Arc(0, 360, 480), 17, 10)},
                    Case{"HalfFan", kHalfLine, Fan(Arc(0, 360, 600), 14)},
                    Case{"HalfFanOtherSide", kHalfLine, Fan(Arc(0, 360, 600), -14)},
                    Case{"HalfFanByAxisOffset", kHalfLine, Fan(Arc(0, 360, 600), 0, 8)}),
    [](const auto& info) { return info.param.name; });

TEST(Fdk, ConeBeamInTheMidPlane) {
  const Ellipsoids ball = {{{1, -2, 0.5}, {12, 12, 12}, 0.02}, {{4, 2, 0}, {3, 3, 3}, 0.02}};
  CircularOrbit orbit = Fan(Arc(0, 360, 240), 1, 0.5);
  orbit.detector_shift_v_mm = 1.5;
  orbit.detector_rotation_rad = 0.3 * kDegree;
  const Scan scan =
      MakeCircularScan({.rows = 60, .columns = 110, .pixel_width_mm = 0.5, .pixel_height_mm = 0.8},
                       orbit)
          .value();
  const LocalSum sum;
  const Field projections = AnalyticProjections(ball, scan, &sum);
  for (Vec3 probe : {Vec3{0, 0, 0}, Vec3{4, 2, 0}, Vec3{-7, -2, 0.3}, Vec3{3, -8, -0.5}}) {
    EXPECT_NEAR(Reconstruct(scan, projections, probe), AttenuationAt(ball, probe), 0.01 * 0.02)
        << probe.x << ", " << probe.y;
  }
}

TEST(Fdk, AShiftedDetectorIsWidenedAroundTheSamePixels) {
  CircularOrbit orbit = Fan(Arc(0, 360, 8), 14);
  orbit.detector_rotation_rad = 2 * kDegree;
  const Scan scan = MakeCircularScan(kHalfLine, orbit).value();
  const Scan wide = FdkWeights::Create(scan).value().filtered_scan();
  EXPECT_EQ(wide.detector.columns, 170);  // 35 columns off the axis: 70 more on the short side
  EXPECT_NEAR(RotationAxisColumn(wide.detector, *wide.orbit), 84.5, 0.05);  // tilted by 2°
  for (std::size_t view = 0; view < 8; ++view) {
    EXPECT_NEAR(Norm(wide.views[view].Pixel(0, 73) - scan.views[view].Pixel(0, 3)), 0, 1e-9);
  }
}

TEST(Fdk, ASlabOfRowsIsWeightedLikeTheWhole) {
  const Scan scan =
      MakeCircularScan({.rows = 9, .columns = 12, .pixel_width_mm = 1, .pixel_height_mm = 1},
                       Fan(Arc(0, 360, 10)))
          .value();
  const LocalSum sum;
  Field whole(120, {0, 9}, 9, &sum), part(120, {4, 7}, 9, &sum);
  Fill(1, whole);
  Fill(1, part);
  const FdkWeights weights = FdkWeights::Create(scan).value();
  const Field all = weights.Apply(whole), some = weights.Apply(part);
  for (int o = 0; o < 120; ++o) {
    for (int r = 4; r < 7; ++r) EXPECT_EQ(some.line(o)[r - 4], all.line(o)[r]);
  }
}

std::vector<std::string> WarningsOf(const CircularOrbit& orbit, const Detector& detector = kLine) {
  return FdkWeights::Create(MakeCircularScan(detector, orbit).value()).value().warnings();
}

TEST(Fdk, WarnsAboutShortArcs) {
  EXPECT_THAT(WarningsOf(Parallel(Arc(0, 180, 180))), IsEmpty());
  const auto parallel = WarningsOf(Parallel(Arc(0, 120, 120)));
  ASSERT_THAT(parallel, SizeIs(1));
  EXPECT_THAT(parallel[0], HasSubstr("120.0° of the 180°"));
  const auto fan = WarningsOf(Fan(Arc(0, 150, 150)));
  ASSERT_THAT(fan, SizeIs(1));
  EXPECT_THAT(fan[0], HasSubstr("150.0° of the 180° + 21.3° (fan angle) = 201.3°"));
  EXPECT_THAT(WarningsOf(Parallel(Arc(0, 180, 180), 14), kHalfLine), SizeIs(1));
  EXPECT_THAT(WarningsOf(Fan(Arc(0, 220, 180), 14), kHalfLine), SizeIs(1));
}

TEST(Fdk, ALimitedArcStaysFiniteAndCountsEachLineOnce) {
  const Scan scan = MakeCircularScan(kLine, Fan(Arc(0, 150, 150))).value();
  const RayWeights weights = RayWeights::Create(scan).value();
  for (int view = 0; view < 150; ++view) {
    for (int column = 0; column < 160; ++column) {
      EXPECT_NEAR(weights.Weight(view, column), kDegree, 1e-9);  // no line is measured twice
    }
  }
}

TEST(Fdk, RefusesWhatItCannotDo) {
  const Scan scan = MakeCircularScan(kLine, Fan(Arc(0, 360, 4))).value();
  std::vector<double> vectors;
  for (const View& view : scan.views) {
    const auto vector = ToAstra(view, 1, 160);
    vectors.insert(vectors.end(), vector.begin(), vector.end());
  }
  const auto no_orbit = FdkWeights::Create(MakeVectorScan(kLine, Beam::kCone, vectors).value());
  EXPECT_EQ(no_orbit.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(no_orbit.status().message()), HasSubstr("circular orbit"));

  const auto one_angle = FdkWeights::Create(MakeCircularScan(kLine, Parallel({1, 1, 1})).value());
  EXPECT_EQ(one_angle.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(one_angle.status().message()), HasSubstr("all at 57.2958°"));

  const auto axis_beside =
      FdkWeights::Create(MakeCircularScan(kLine, Parallel(Arc(0, 360, 9), 40)).value());
  EXPECT_EQ(axis_beside.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(axis_beside.status().message()), HasSubstr("column -20.5 of 160"));
}

}  // namespace
}  // namespace tomoslab
