// The general ray projector against the definition of Joseph's method, for every instruction set of
// this machine and every way that rays can lie.
#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cmath>

#include "tests/support/geometries.h"
#include "tests/support/instruction_sets.h"
#include "tests/support/plain_rays.h"
#include "tests/support/vectors.h"
#include "worker/projector/joseph_rays.h"

namespace tomoslab {
namespace {

using testing::BackprojectPlainly;
using testing::NamedGeometry;
using testing::ProjectPlainly;
using testing::Random;
using testing::RelativeDifference;

Volume Box(int columns, int rows, int slices) {
  return {.columns = columns,
          .rows = rows,
          .slices = slices,
          .voxel_width_mm = 1,
          .voxel_height_mm = 1,
          .center_mm = {0.4, -0.3, 0.2}};
}

/// Turned by `angle_rad` about the axis through the origin along (1, 1, 0.3).
View Turned(const View& view, double angle_rad) {
  const Vec3 axis = (1 / Norm(Vec3{1, 1, 0.3})) * Vec3{1, 1, 0.3};
  const double c = std::cos(angle_rad), s = std::sin(angle_rad);
  const auto turn = [&](Vec3 v) {
    return c * v + s * Cross(axis, v) + ((1 - c) * Dot(axis, v)) * axis;
  };
  return {view.beam, turn(view.source), turn(view.corner), turn(view.column_step),
          turn(view.row_step)};
}

Scan Orbit(Beam beam, const Detector& detector, double distance, double tilt_rad) {
  CircularOrbit orbit;
  orbit.beam = beam;
  orbit.source_object_distance_mm = distance;
  orbit.source_detector_distance_mm = 2 * distance;
  for (int view = 0; view < 5; ++view) orbit.angle_rad.push_back(0.3 + 1.31 * view);
  Scan scan = *MakeCircularScan(detector, orbit);
  for (View& view : scan.views) view = Turned(view, tilt_rad);
  return scan;
}

/// Every geometry of the test support, and what forces a path of its own: each pixel size against
/// the voxel, both directions of rows, every turn of the detector, lines longer than a kernel's,
/// boxes smaller and larger than a tile, steep rays, rays along an axis, a source inside.
std::vector<NamedGeometry> Cases() {
  std::vector<NamedGeometry> cases = testing::AllGeometries(5);
  for (const Beam beam : {Beam::kCone, Beam::kParallel}) {
    const double magnification = beam == Beam::kCone ? 2 : 1;
    for (const double pixel : {0.15, 0.3, 0.45, 0.6, 0.8, 1.0, 1.4, 2.1, 3.5, 6.0}) {
      const double mm = pixel * magnification;
      const Detector detector{
          .rows = 37, .columns = 21, .pixel_width_mm = mm, .pixel_height_mm = mm};
      cases.push_back(
          {"pixel " + std::to_string(pixel), Orbit(beam, detector, 80, 0.1), Box(23, 19, 33)});
    }
    const Detector square{.rows = 41,
                          .columns = 43,
                          .pixel_width_mm = magnification,
                          .pixel_height_mm = magnification};
    for (const double tilt : {0.0, 0.4, 0.8, 1.2, 1.57, 2.3, 3.14}) {
      cases.push_back(
          {"turned by " + std::to_string(tilt), Orbit(beam, square, 90, tilt), Box(29, 26, 31)});
    }
    const Detector tall{.rows = 301,
                        .columns = 5,
                        .pixel_width_mm = magnification,
                        .pixel_height_mm = magnification};
    cases.push_back({"tall", Orbit(beam, tall, 900, 0.07), Box(7, 70, 205)});
    const Detector wide{.rows = 3,
                        .columns = 205,
                        .pixel_width_mm = magnification,
                        .pixel_height_mm = magnification};
    cases.push_back({"wide", Orbit(beam, wide, 900, 0.02), Box(140, 101, 3)});
    cases.push_back({"wide slice", Orbit(beam, wide, 900, 0.02), Box(70, 101, 1)});
    cases.push_back({"beside", Orbit(beam, square, 60, 0.2), Box(9, 8, 7)});
  }
  const Detector large{.rows = 61, .columns = 47, .pixel_width_mm = 2, .pixel_height_mm = 2};
  cases.push_back({"steep", Orbit(Beam::kCone, large, 24, 0), Box(21, 18, 30)});
  cases.push_back({"steep and turned", Orbit(Beam::kCone, large, 24, 0.7), Box(21, 18, 30)});
  cases.push_back({"source inside", Orbit(Beam::kCone, large, 6, 0.2), Box(21, 18, 30)});
  Scan along_axes = Orbit(Beam::kParallel, large, 50, 0);
  along_axes.views.clear();
  for (const Vec3 towards : {Vec3{1, 0, 0}, {0, -1, 0}, {0, 0, 1}, {1, 1, 0}, {-1, 0, 1}}) {
    const Vec3 u = towards.z == 0 ? Vec3{0, 0, 1} : Vec3{0, 1, 0}, v = Cross(u, towards);
    along_axes.views.push_back({.beam = Beam::kParallel,
                                .source = towards,
                                .corner = -23.0 * u - 30.0 * v,
                                .column_step = u,
                                .row_step = v});
  }
  cases.push_back({"along axes", along_axes, Box(21, 18, 30)});
  return cases;
}

class RayPaths : public testing::EveryInstructionSet {};

TEST_P(RayPaths, ForwardEqualsTheDefinition) {
  for (const auto& [name, scan, volume] : Cases()) {
    const std::vector<float> x = Random(volume.VoxelCount(), 1);
    const ProjectionBand band{scan.views, scan.detector.columns, {0, scan.detector.rows}};
    std::vector<float> expected(band.size()), actual(band.size(), -1.0f);
    ProjectPlainly(volume, x, band, expected);
    ProjectJosephRays(volume, x.data(), band, RaySet::kAll, actual.data());
    EXPECT_LT(RelativeDifference(expected, actual), 2e-6) << name;
  }
}

TEST_P(RayPaths, BackwardEqualsTheDefinition) {
  for (const auto& [name, scan, volume] : Cases()) {
    const ProjectionBand band{scan.views, scan.detector.columns, {0, scan.detector.rows}};
    const std::vector<float> y = Random(band.size(), 2);
    std::vector<float> expected = Random(volume.VoxelCount(), 3), actual = expected, scratch = y;
    BackprojectPlainly(band, y, volume, expected);
    BackprojectJosephRays(band, RaySet::kAll, scratch.data(), volume, actual.data());
    EXPECT_LT(RelativeDifference(expected, actual), 2e-6) << name;
  }
}

/// Whatever path a slab takes: single slices, columns, steep rays by themselves.
TEST_P(RayPaths, EverySlabAndConeEqualsTheDefinition) {
  const Detector detector{.rows = 47, .columns = 43, .pixel_width_mm = 2, .pixel_height_mm = 2};
  for (const int slices : {1, 2, 3, 8, 9, 17, 34}) {
    for (const double distance : {22.0, 30.0, 45.0, 200.0}) {
      const Volume volume = Box(27, 24, slices);
      const Scan scan = Orbit(Beam::kCone, detector, distance, 0);
      const ProjectionBand band{scan.views, detector.columns, {3, detector.rows}};
      const std::string name =
          std::to_string(slices) + " slices from " + std::to_string(distance) + " mm";
      const std::vector<float> x = Random(volume.VoxelCount(), 4), y = Random(band.size(), 5);
      std::vector<float> expected(band.size()), actual(band.size(), -1.0f);
      ProjectPlainly(volume, x, band, expected);
      ProjectJoseph(volume, x.data(), band, actual.data());
      EXPECT_LT(RelativeDifference(expected, actual), 5e-6) << name;
      std::vector<float> back = x, expected_back = x, scratch = y;
      BackprojectPlainly(band, y, volume, expected_back);
      BackprojectJoseph(band, scratch.data(), volume, back.data());
      EXPECT_LT(RelativeDifference(expected_back, back), 5e-6) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, RayPaths,
                         ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         testing::InstructionSetName);

}  // namespace
}  // namespace tomoslab
