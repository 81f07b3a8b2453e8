// What holds for both projector models.
#include "worker/projector/projector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/support/ball_error.h"
#include "tests/support/geometries.h"
#include "tests/support/vectors.h"

namespace tomoslab {
namespace {

using testing::AllGeometries;
using testing::AllRows;
using testing::Dot;
using testing::Random;
using testing::RelativeDifference;

class Pair : public ::testing::TestWithParam<ProjectorModel> {};

TEST_P(Pair, AdjointIsExactForEveryGeometry) {
  for (const auto& [name, scan, volume] : AllGeometries()) {
    const std::vector<float> x = Random(volume.VoxelCount(), 1), y = Random(scan.PixelCount(), 2);
    std::vector<float> ax(y.size()), aty(x.size(), 0.0f), scratch = y;
    Project(GetParam(), volume, x.data(), AllRows(scan), ax.data());
    Backproject(GetParam(), AllRows(scan), scratch.data(), volume, aty.data());
    const double left = Dot(ax, y), right = Dot(x, aty);
    // Both are sums of ~10⁵ products of float32 numbers of either sign; they are compared with the
    // norms' scale.
    const double scale = std::sqrt(Dot(ax, ax) * Dot(y, y));
    EXPECT_GT(Dot(ax, ax), 0) << name;
    EXPECT_LT(std::abs(left - right) / scale, 1e-6) << name;
    EXPECT_LT(std::abs(left - right) / std::abs(left), 1e-5) << name;
  }
}

TEST_P(Pair, AdjointIsExactWhereAxesTie) {
  for (const Beam beam : {Beam::kParallel, Beam::kCone}) {
    for (const int slices : {1, 6}) {
      for (const double voxel : {0.5, 0.3}) {
        CircularOrbit orbit;
        orbit.beam = beam;
        orbit.source_object_distance_mm = 100;
        orbit.source_detector_distance_mm = 150;
        for (int view = 0; view < 24; ++view) {  // every multiple of 45° among them
          orbit.angle_rad.push_back(view * std::numbers::pi / 12);
        }
        const double pixel = beam == Beam::kCone ? 0.75 : 0.5;
        const Scan scan = *MakeCircularScan(
            {.rows = slices, .columns = 96, .pixel_width_mm = pixel, .pixel_height_mm = pixel},
            orbit);
        const Volume volume{.columns = 64,
                            .rows = 64,
                            .slices = slices,
                            .voxel_width_mm = voxel,
                            .voxel_height_mm = voxel,
                            .center_mm = {}};
        // Positive numbers: a view that is left out shows.
        std::vector<float> x = Random(volume.VoxelCount(), 3), y = Random(scan.PixelCount(), 4);
        for (float& value : x) value = std::abs(value);
        for (float& value : y) value = std::abs(value);
        std::vector<float> ax(y.size()), aty(x.size(), 0.0f), scratch = y;
        Project(GetParam(), volume, x.data(), AllRows(scan), ax.data());
        Backproject(GetParam(), AllRows(scan), scratch.data(), volume, aty.data());
        const double left = Dot(ax, y), right = Dot(x, aty);
        EXPECT_LT(std::abs(left - right) / left, 1e-6)
            << slices << " slices, voxel " << voxel
            << (beam == Beam::kCone ? ", cone" : ", parallel");
        for (std::int64_t view = 0; view < 24; ++view) {
          const auto begin = ax.begin() + view * 96 * slices;
          EXPECT_GT(*std::max_element(begin, begin + 96 * slices), 0) << "view " << view;
        }
      }
    }
  }
}

TEST_P(Pair, SlabsAndBandsAddUp) {
  for (const auto& [name, scan, volume] : AllGeometries()) {
    if (volume.slices < 3) continue;
    const std::vector<float> x = Random(volume.VoxelCount(), 5);
    std::vector<float> whole(scan.PixelCount()), sum(scan.PixelCount(), 0.0f);
    Project(GetParam(), volume, x.data(), AllRows(scan), whole.data());
    for (const IndexRange slices : {IndexRange{0, 1}, IndexRange{1, 8}, IndexRange{8, 13}}) {
      std::vector<float> part;
      for (std::int64_t column = 0; column < volume.columns * volume.rows; ++column) {
        part.insert(part.end(), x.begin() + column * 13 + slices.begin,
                    x.begin() + column * 13 + slices.end);
      }
      for (const IndexRange rows : {IndexRange{0, 6}, IndexRange{6, 19}}) {
        const ProjectionBand band{scan.views, scan.detector.columns, rows};
        std::vector<float> y(band.size());
        Project(GetParam(), volume.Slices(slices), part.data(), band, y.data());
        for (std::int64_t line = 0; line < band.size() / rows.size(); ++line) {
          for (std::int64_t r = 0; r < rows.size(); ++r) {
            sum[line * 19 + rows.begin + r] += y[line * rows.size() + r];
          }
        }
      }
    }
    EXPECT_LT(RelativeDifference(whole, sum), 1e-6) << name;
  }
}

TEST_P(Pair, RotatingScanAndVolumeTogetherChangesNothing) {
  // View θ + 90° of the volume turned by 90° counter-clockwise equals view θ of the volume: (x, y)
  // → (−y, x).
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 60;
  orbit.source_detector_distance_mm = 95;
  orbit.detector_shift_u_mm = 1.3;
  orbit.angle_rad = {0.2, 1.1, 4.0};
  const Detector detector{.rows = 9, .columns = 21, .pixel_width_mm = 1.1, .pixel_height_mm = 1.3};
  const Volume volume{.columns = 11,
                      .rows = 11,
                      .slices = 5,
                      .voxel_width_mm = 1,
                      .voxel_height_mm = 1,
                      .center_mm = {}};
  const Scan scan = *MakeCircularScan(detector, orbit);
  for (double& angle : orbit.angle_rad) angle += std::numbers::pi / 2;
  const Scan turned_scan = *MakeCircularScan(detector, orbit);
  const std::vector<float> x = Random(volume.VoxelCount(), 6);
  std::vector<float> turned(x.size());
  for (int row = 0; row < 11; ++row) {
    for (int column = 0; column < 11; ++column) {
      for (int z = 0; z < 5; ++z)
        turned[(column * 11 + (10 - row)) * 5 + z] = x[(row * 11 + column) * 5 + z];
    }
  }
  std::vector<float> y(scan.PixelCount()), turned_y(scan.PixelCount());
  Project(GetParam(), volume, x.data(), AllRows(scan), y.data());
  Project(GetParam(), volume, turned.data(), AllRows(turned_scan), turned_y.data());
  EXPECT_LT(RelativeDifference(y, turned_y), 1e-5);
}

TEST_P(Pair, ConvergesToTheAnalyticChordsOfABall) {
  // The error sits at the surface, where voxels (and Joseph's interpolation) smooth the edge: it
  // falls with (voxel / radius)^1.5, by about 2.4 for half the voxel.
  const double coarse = testing::BallError(GetParam(), 24, 0),
               fine = testing::BallError(GetParam(), 48, 0);
  EXPECT_LT(fine, 0.02);
  EXPECT_GT(coarse / fine, 2.0);
}

INSTANTIATE_TEST_SUITE_P(Models, Pair,
                         ::testing::Values(ProjectorModel::kJoseph, ProjectorModel::kFootprint),
                         [](const auto& info) {
                           return info.param == ProjectorModel::kJoseph ? "Joseph" : "Footprint";
                         });

}  // namespace
}  // namespace tomoslab
