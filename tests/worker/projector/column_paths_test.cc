// The column projectors against the plain rays, for every instruction set of this machine and
// every ratio of pixel to voxel that a kernel of its own exists for.
#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cmath>

#include "tests/support/geometries.h"
#include "tests/support/instruction_sets.h"
#include "tests/support/plain_rays.h"
#include "worker/projector/joseph_columns.h"
#include "worker/projector/voxel_columns.h"

namespace tomoslab {
namespace {

using testing::BackprojectPlainly;
using testing::Noise;
using testing::ProjectPlainly;

struct Case {
  Beam beam;
  double row_step;  // pixel height, as seen at the axis, in voxel heights
  int rows, slices;
  double shift_v = 0;
  double center_z = 0.2;     // of the volume: rows and slices of one height fall together at 0
  double pixel_width = 0.9;  // as seen at the axis, in voxel widths
};

/// All combinations that force a path: rows dense, alike and sparse against slices; sizes around
/// the vectors' and blocks' lengths; a detector that looks past the slab.
std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Beam beam : {Beam::kCone, Beam::kParallel}) {
    for (const double row_step : {0.1, 0.45, 0.6, 0.7, 0.85, 1.0, 1.2, 1.5, 1.85, 2.6, 7.0}) {
      cases.push_back({beam, row_step, 41, 33});
    }
    for (const int slices : {2, 5, 16, 17, 64, 129, 145}) {
      cases.push_back({beam, 1.0, 19, slices});
      cases.push_back({beam, 0.9, slices + 3, slices});
    }
    for (const double shift : {-30.0, 12.0, 55.0}) cases.push_back({beam, 1.1, 150, 40, shift});
    cases.push_back({beam, 1.0, 1, 9});
    cases.push_back({beam, -0.8, 24, 20});
    for (const int rows : {17, 128, 143})
      cases.push_back({beam, 1.0, rows, 129, 0, rows % 2 ? 0.0 : 0.5});
    cases.push_back({beam, 1.0, 40, 32, 9, 0});
    for (const double width : {0.2, 0.45, 1.0, 2.3})
      cases.push_back({beam, 1.05, 20, 18, 0, 0.2, width});
  }
  return cases;
}

struct Problem {
  Scan scan;
  Volume volume;
  std::vector<float> x, y;
  ProjectionBand band() const {
    return {scan.views, scan.detector.columns, {0, scan.detector.rows}};
  }
};

Problem ProblemOf(const Case& c) {
  CircularOrbit orbit;
  orbit.beam = c.beam;
  // Far enough that no ray's main axis is z, which the column projectors leave to the rays.
  orbit.source_object_distance_mm = 40 + std::abs(c.row_step) * c.rows + std::abs(c.shift_v);
  orbit.source_detector_distance_mm = 1.75 * orbit.source_object_distance_mm;
  orbit.detector_shift_v_mm = c.shift_v;
  for (int view = 0; view < 7; ++view) orbit.angle_rad.push_back(0.3 + 0.83 * view);
  const double magnification = c.beam == Beam::kCone ? 1.75 : 1;
  Problem problem;
  problem.scan = *MakeCircularScan({.rows = c.rows,
                                    .columns = 23,
                                    .pixel_width_mm = c.pixel_width * magnification,
                                    .pixel_height_mm = std::abs(c.row_step) * magnification},
                                   orbit);
  if (c.row_step < 0) {  // rows that descend
    for (View& view : problem.scan.views) {
      view.corner = view.Pixel(c.rows - 1, 0);
      view.row_step = -1.0 * view.row_step;
    }
  }
  problem.volume = {.columns = 19,
                    .rows = 14,
                    .slices = c.slices,
                    .voxel_width_mm = 1,
                    .voxel_height_mm = 1,
                    .center_mm = {0.4, -0.3, c.center_z}};
  for (std::int64_t i = 0; i < problem.volume.VoxelCount(); ++i) problem.x.push_back(Noise(1, i));
  for (std::int64_t i = 0; i < problem.scan.PixelCount(); ++i) problem.y.push_back(Noise(2, i));
  return problem;
}

double RelativeDifference(const std::vector<float>& expected, const std::vector<float>& actual) {
  double difference = 0, norm = 1e-30;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(static_cast<double>(expected[i]) - actual[i], 2);
    norm += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(difference / norm);
}

class ColumnPaths : public testing::EveryInstructionSet {};

std::string Describe(const Case& c) {
  return (c.beam == Beam::kCone ? "cone, row step " : "parallel, row step ") +
         std::to_string(c.row_step) + ", " + std::to_string(c.rows) + " rows, " +
         std::to_string(c.slices) + " slices, shift " + std::to_string(c.shift_v) + ", centre " +
         std::to_string(c.center_z) + ", pixel " + std::to_string(c.pixel_width);
}

TEST_P(ColumnPaths, ForwardEqualsRays) {
  for (const Case& c : Cases()) {
    const Problem p = ProblemOf(c);
    std::vector<float> expected(p.y.size()), actual(p.y.size(), -1.0f);
    ProjectPlainly(p.volume, p.x, p.band(), expected);
    ProjectJosephColumns(p.volume, p.x.data(), p.band(), actual.data());
    EXPECT_LT(RelativeDifference(expected, actual), 5e-6) << Describe(c);
  }
}

TEST_P(ColumnPaths, BackwardEqualsRays) {
  for (const Case& c : Cases()) {
    const Problem p = ProblemOf(c);
    std::vector<float> z = p.y, expected = p.x, actual = p.x;
    BackprojectPlainly(p.band(), p.y, p.volume, expected);
    BackprojectJosephColumns(p.band(), z.data(), p.volume, actual.data());
    EXPECT_LT(RelativeDifference(expected, actual), 5e-6) << Describe(c);
  }
}

TEST_P(ColumnPaths, VoxelColumnsEqualVoxels) {
  for (const Case& c : Cases()) {
    const Problem p = ProblemOf(c);
    std::vector<float> expected = p.x, actual = p.x;
    BackprojectVoxelBox(p.band(), p.y.data(), p.volume, {0, p.volume.columns}, {0, p.volume.rows},
                        {0, p.volume.slices}, expected.data());
    BackprojectVoxelColumns(p.band(), p.y.data(), p.volume, actual.data());
    EXPECT_LT(RelativeDifference(expected, actual), 5e-6) << Describe(c);
  }
}

TEST_P(ColumnPaths, SourceInsideTheVolume) {
  Problem p = ProblemOf({Beam::kCone, 1.0, 30, 20});
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 5;  // of a volume that reaches 9.5 mm from the axis
  orbit.source_detector_distance_mm = 40;
  orbit.angle_rad = {0.2, 1.9, 4.4};
  p.scan = *MakeCircularScan({.rows = 30, .columns = 23, .pixel_width_mm = 2, .pixel_height_mm = 2},
                             orbit);
  p.y.resize(p.scan.PixelCount());
  std::vector<float> expected(p.y.size()), actual(p.y.size());
  ProjectPlainly(p.volume, p.x, p.band(), expected);
  ProjectJosephColumns(p.volume, p.x.data(), p.band(), actual.data());
  EXPECT_LT(RelativeDifference(expected, actual), 5e-6);
  std::vector<float> z = p.y, back = p.x, back_rays = p.x;
  BackprojectPlainly(p.band(), p.y, p.volume, back_rays);
  BackprojectJosephColumns(p.band(), z.data(), p.volume, back.data());
  EXPECT_LT(RelativeDifference(back_rays, back), 5e-6);
  std::vector<float> voxels = p.x, columns = p.x;
  BackprojectVoxelBox(p.band(), p.y.data(), p.volume, {0, p.volume.columns}, {0, p.volume.rows},
                      {0, p.volume.slices}, voxels.data());
  BackprojectVoxelColumns(p.band(), p.y.data(), p.volume, columns.data());
  EXPECT_LT(RelativeDifference(voxels, columns), 1e-4);  // depth² near 0: few, huge weights
}

INSTANTIATE_TEST_SUITE_P(Targets, ColumnPaths,
                         ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         testing::InstructionSetName);

}  // namespace
}  // namespace tomoslab
