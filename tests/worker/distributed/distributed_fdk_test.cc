#include <cmath>
#include <numbers>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/ellipsoids.h"
#include "worker/distributed/distributed_projector.h"
#include "worker/solvers/fdk.h"

namespace tomoslab {
namespace {

const Ellipsoids kBall = {{{1, -2, 0.5}, {10, 10, 8}, 0.02}, {{4, 2, 0}, {3, 3, 3}, 0.02}};

Scan ConeScan(int columns, double shift_u_mm, double rotation_rad) {
  CircularOrbit orbit{.beam = Beam::kCone,
                      .source_object_distance_mm = 100,
                      .source_detector_distance_mm = 170,
                      .detector_shift_u_mm = shift_u_mm,
                      .detector_shift_v_mm = 1,
                      .detector_rotation_rad = rotation_rad,
                      .angle_rad = {}};
  for (int i = 0; i < 160; ++i) orbit.angle_rad.push_back(2 * std::numbers::pi * i / 160);
  return MakeCircularScan(
             {.rows = 44, .columns = columns, .pixel_width_mm = 0.6, .pixel_height_mm = 0.9}, orbit)
      .value();
}

/// This rank's rows of the phantom's projections.
Field Measured(const DistributedProjector& A) {
  const LocalSum one;
  const Field all = AnalyticProjections(kBall, A.scan(), &one);
  Field b = A.NewProjections();
  for (std::int64_t line = 0; line < b.outer(); ++line) {
    for (std::int64_t r = 0; r < b.inner_size(); ++r) {
      b.line(line)[r] = all.line(line)[b.inner().begin + r];
    }
  }
  return b;
}

Field Reconstruct(const DistributedProjector& A) {
  Field x = A.NewVolume();
  const auto warnings = Fdk(A, A.scan(), Measured(A), {.window = RampWindow::kHann}, x);
  EXPECT_TRUE(warnings.ok()) << warnings.status();
  EXPECT_TRUE(warnings->empty());
  return x;
}

TEST(DistributedFdk, ManyRanksReconstructWhatOneDoesAndTheTruth) {
  const Communicator ranks = Communicator::World(), alone = Communicator::Alone();
  const Volume volume{.columns = 21,
                      .rows = 19,
                      .slices = 11,
                      .voxel_width_mm = 1,
                      .voxel_height_mm = 1.2,
                      .center_mm = {1, -1, 0.5}};
  // The whole detector, and half of it off the axis: FDK widens that one.
  for (const Scan& scan : {ConeScan(80, 0, 0), ConeScan(54, 10, 0), ConeScan(54, -10, 0.005)}) {
    const DistributedProjector many(scan, volume, &ranks), one(scan, volume, &alone);
    const Field x = Reconstruct(many), expected = Reconstruct(one);
    for (std::int64_t o = 0; o < x.outer(); ++o) {
      for (std::int64_t z = 0; z < x.inner_size(); ++z) {
        EXPECT_NEAR(x.line(o)[z], expected.line(o)[x.inner().begin + z], 1e-7);
      }
    }
    for (const auto& [column, row] : {std::pair{9, 8}, {12, 13}, {5, 6}}) {
      const double truth = AttenuationAt(kBall, volume.VoxelCenter(column, row, 5));
      EXPECT_NEAR(expected.line(row * 21 + column)[5], truth, 0.02 * 0.02) << column << ", " << row;
    }
  }
}

}  // namespace
}  // namespace tomoslab
