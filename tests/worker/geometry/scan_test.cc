#include "worker/geometry/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/support/geometries.h"

namespace tomoslab {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const Detector kDetector{.rows = 3, .columns = 5, .pixel_width_mm = 2, .pixel_height_mm = 1};

CircularOrbit Cone(double angle_rad = 0) {
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 100;
  orbit.source_detector_distance_mm = 200;
  orbit.angle_rad = {angle_rad};
  return orbit;
}

TEST(Scan, FollowsTheConventionByHand) {
  // θ = 0: source at (0, −100, 0), detector centre at (0, 100, 0), columns along +x, rows along +z.
  const Scan scan = *MakeCircularScan(kDetector, Cone());
  const View& view = scan.views[0];
  EXPECT_EQ(view.source, (Vec3{0, -100, 0}));
  EXPECT_EQ(view.Pixel(1, 2), (Vec3{0, 100, 0}));
  EXPECT_EQ(view.Pixel(0, 0), (Vec3{-4, 100, -1}));
  EXPECT_EQ(view.Pixel(2, 4), (Vec3{4, 100, 1}));
  // θ = 90°: the source has turned counter-clockwise, to (100, 0, 0); columns along +y.
  const View turned = MakeCircularScan(kDetector, Cone(std::numbers::pi / 2))->views[0];
  EXPECT_NEAR(turned.source.x, 100, 1e-12);
  EXPECT_NEAR(turned.Pixel(1, 4).y, 4, 1e-12);
}

TEST(Scan, OneOffCentreVoxelProjectsWhereItMust) {
  // A point at x = +1 mm, z = +0.5 mm on the axis plane, magnification 2: u = +2 mm = column +1, v
  // = +1 mm = row +1.
  const Scan scan = *MakeCircularScan(kDetector, Cone());
  const DetectorPoint at = ProjectPoint(scan.views[0], {1, 0, 0.5});
  EXPECT_NEAR(at.column, 3, 1e-12);
  EXPECT_NEAR(at.row, 2, 1e-12);
  EXPECT_NEAR(at.depth, 0.5, 1e-12);
  // At 90° the same point lies 1 mm nearer to the source: depth 99/200, u = 0.
  const DetectorPoint turned =
      ProjectPoint(MakeCircularScan(kDetector, Cone(std::numbers::pi / 2))->views[0], {1, 0, 0.5});
  EXPECT_NEAR(turned.column, 2, 1e-12);
  EXPECT_NEAR(turned.depth, 99.0 / 200, 1e-12);
  EXPECT_NEAR(turned.row, 1 + 0.5 * 200 / 99, 1e-12);
}

TEST(Scan, ParallelIgnoresDepth) {
  CircularOrbit orbit = Cone();
  orbit.beam = Beam::kParallel;
  const Scan scan = *MakeCircularScan(kDetector, orbit);
  const DetectorPoint at = ProjectPoint(scan.views[0], {2, 37, 1});
  EXPECT_NEAR(at.column, 3, 1e-12);
  EXPECT_NEAR(at.row, 2, 1e-12);
  EXPECT_EQ(at.depth, 1);
  EXPECT_EQ(scan.views[0].Direction(0, 0), (Vec3{0, 1, 0}));
}

TEST(Scan, AxisColumnAndShiftsAgree) {
  CircularOrbit orbit = Cone(0.3);
  orbit.rotation_axis_offset_mm = 0.7;
  orbit.detector_shift_u_mm = -1.1;
  const Scan scan = *MakeCircularScan(kDetector, orbit);
  EXPECT_NEAR(ProjectPoint(scan.views[0], {0, 0, 0}).column, RotationAxisColumn(kDetector, orbit),
              1e-12);
  orbit.detector_shift_u_mm = DetectorShiftForAxisColumn(kDetector, orbit, 1.25);
  EXPECT_NEAR(RotationAxisColumn(kDetector, orbit), 1.25, 1e-12);
}

TEST(Scan, AstraVectorsConvertBothWays) {
  for (const auto& [name, scan, volume] : testing::AllGeometries()) {
    std::vector<double> vectors;
    for (const View& view : scan.views) {
      for (const double v : ToAstra(view, scan.detector.rows, scan.detector.columns))
        vectors.push_back(v);
    }
    const Scan again = *MakeVectorScan(scan.detector, scan.views[0].beam, vectors);
    for (std::size_t i = 0; i < scan.views.size(); ++i) {
      EXPECT_LT(Norm(again.views[i].corner - scan.views[i].corner), 1e-9) << name;
      EXPECT_LT(Norm(again.views[i].source - scan.views[i].source), 1e-9) << name;
    }
  }
}

/// One cone-beam view in ASTRA's 12 numbers, with one number set anew.
absl::Status VectorsWith(int number, double value) {
  std::vector<double> vectors = {0, -100, 0, 0, 100, 0, 2, 0, 0, 0, 0, 1};
  vectors[number] = value;
  return MakeVectorScan(kDetector, Beam::kCone, vectors).status();
}

TEST(Scan, RefusesVectorsThatVanishOrLieInOnePlane) {
  EXPECT_TRUE(VectorsWith(0, 0).ok());
  EXPECT_THAT(VectorsWith(6, 1e-12).message(),
              AllOf(HasSubstr("view 0: the column step is 1e-12 mm"), HasSubstr("at least 1e-09")));
  EXPECT_THAT(VectorsWith(11, 0).message(), HasSubstr("the row step is 0 mm"));
  EXPECT_THAT(VectorsWith(1, 100).message(), HasSubstr("in the plane of the detector"));
  EXPECT_THAT(VectorsWith(1, NAN).message(), HasSubstr("not finite"));
  EXPECT_THAT(MakeVectorScan(kDetector, Beam::kCone, {{0, -100, 0, 0, 100, 0, 2, 0, 0, 3, 0, 0}})
                  .status()
                  .message(),
              HasSubstr("parallel"));
}

struct BadOrbit {
  const char* name;
  void (*spoil)(Detector&, CircularOrbit&);
  const char* field;
  const char* hint;
};

TEST(Scan, RefusesNonsenseWithFieldValueAndHint) {
  const double nan = std::nan("");
  (void)nan;
  const BadOrbit cases[] = {
      {"swapped",
       [](Detector&, CircularOrbit& o) {
         std::swap(o.source_object_distance_mm, o.source_detector_distance_mm);
       },
       "source_detector_distance_mm = 100", "swapped"},
      {"nan angle",
       [](Detector&, CircularOrbit& o) {
         o.angle_rad = {0, std::nan("")};
       },
       "angle_deg[1] = nan", "not a finite angle"},
      {"no views", [](Detector&, CircularOrbit& o) { o.angle_rad.clear(); }, "0 views",
       "between 1"},
      {"no rows", [](Detector& d, CircularOrbit&) { d.rows = 0; }, "detector.rows = 0",
       "between 1"},
      {"huge", [](Detector& d, CircularOrbit&) { d.columns = 1 << 20; },
       "detector.columns = 1048576", "65536"},
      {"pixel", [](Detector& d, CircularOrbit&) { d.pixel_width_mm = -0.1; },
       "pixel_width_mm = -0.1", "mm"},
      {"inf", [](Detector&, CircularOrbit& o) { o.detector_shift_u_mm = INFINITY; },
       "detector_shift_u_mm", "finite"},
      {"sod", [](Detector&, CircularOrbit& o) { o.source_object_distance_mm = 0; },
       "source_object_distance_mm = 0", "PARALLEL"},
  };
  for (const BadOrbit& bad : cases) {
    Detector detector = kDetector;
    CircularOrbit orbit = Cone();
    bad.spoil(detector, orbit);
    const auto scan = MakeCircularScan(detector, orbit);
    ASSERT_EQ(scan.status().code(), absl::StatusCode::kInvalidArgument) << bad.name;
    EXPECT_THAT(std::string(scan.status().message()),
                AllOf(HasSubstr(bad.field), HasSubstr(bad.hint)))
        << bad.name;
  }
}

TEST(Scan, VolumeMustNotReachTheSource) {
  const Scan scan = *MakeCircularScan(kDetector, Cone());
  const Volume small{.columns = 4,
                     .rows = 4,
                     .slices = 2,
                     .voxel_width_mm = 1,
                     .voxel_height_mm = 1,
                     .center_mm = {}};
  EXPECT_EQ(CheckScanSeesVolume(scan, small).value(), "");
  Volume large = small;
  large.voxel_width_mm = 60;
  EXPECT_EQ(CheckScanSeesVolume(scan, large).status().code(), absl::StatusCode::kInvalidArgument);
  Volume aside = small;
  aside.center_mm = {0, 0, 50};
  EXPECT_THAT(CheckScanSeesVolume(scan, aside).value(),
              HasSubstr("misses the detector in 1 of 1 views"));
}

TEST(Scan, AVolumesDiagonalRunsFromCornerToCorner) {
  const Volume volume{.columns = 2,
                      .rows = 3,
                      .slices = 12,
                      .voxel_width_mm = 2,
                      .voxel_height_mm = 1,
                      .center_mm = {5, 0, 0}};
  EXPECT_DOUBLE_EQ(volume.DiagonalMm(), 14);  // √(4² + 6² + 12²)
}

TEST(Scan, DefaultVolumeFillsTheFieldOfView) {
  const Volume volume = DefaultVolume(*MakeCircularScan(kDetector, Cone()));
  EXPECT_EQ(volume.columns, 5);
  EXPECT_EQ(volume.slices, 3);
  EXPECT_DOUBLE_EQ(volume.voxel_width_mm, 1);  // 2 mm pixels, magnification 2
  EXPECT_DOUBLE_EQ(volume.voxel_height_mm, 0.5);
  CircularOrbit half = Cone();
  half.detector_shift_u_mm = 4;  // the axis projects onto column 0
  EXPECT_EQ(DefaultVolume(*MakeCircularScan(kDetector, half)).columns, 9);
}

TEST(Volume, SlicesKeepTheirPlace) {
  const Volume volume{.columns = 4,
                      .rows = 3,
                      .slices = 7,
                      .voxel_width_mm = 1,
                      .voxel_height_mm = 2,
                      .center_mm = {1, 2, 3}};
  const Volume part = volume.Slices({2, 5});
  EXPECT_EQ(part.slices, 3);
  EXPECT_EQ(part.VoxelCenter(1, 1, 0), volume.VoxelCenter(1, 1, 2));
  EXPECT_EQ(part.VoxelCenter(1, 1, 2), volume.VoxelCenter(1, 1, 4));
}

}  // namespace
}  // namespace tomoslab
