#include "worker/projector/joseph.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/support/geometries.h"
#include "worker/projector/joseph_columns.h"
#include "worker/projector/joseph_rays.h"

namespace tomoslab {
namespace {

using testing::AllGeometries;
using testing::Noise;

ProjectionBand AllRows(const Scan& scan) {
  return {scan.views, scan.detector.columns, {0, scan.detector.rows}};
}

std::vector<float> Random(std::int64_t size, std::uint64_t seed) {
  std::vector<float> values(size);
  for (std::int64_t i = 0; i < size; ++i) values[i] = Noise(seed, i);
  return values;
}

double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

double RelativeDifference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - b[i], 2);
    norm += std::pow(static_cast<double>(a[i]), 2);
  }
  return std::sqrt(difference / norm);
}

Scan OneParallelView(double angle_rad) {
  CircularOrbit orbit;
  orbit.beam = Beam::kParallel;
  orbit.angle_rad = {angle_rad};
  return *MakeCircularScan({.rows = 3, .columns = 3, .pixel_width_mm = 1, .pixel_height_mm = 1},
                           orbit);
}

const Volume kCube{.columns = 3,
                   .rows = 3,
                   .slices = 3,
                   .voxel_width_mm = 1,
                   .voxel_height_mm = 1,
                   .center_mm = {}};

TEST(Joseph, OneVoxelByHand) {
  // One voxel of 5 /mm at x = 2, y = 0, z = 1 (memory [y][x][z]). Rays along +y pass 1 mm of it: 5
  // on pixel (row 1, column 2).
  std::vector<float> x(27, 0.0f);
  x[(0 * 3 + 2) * 3 + 1] = 5;
  const Scan scan = OneParallelView(0);
  std::vector<float> y(9);
  ProjectJoseph(kCube, x.data(), AllRows(scan), y.data());
  for (int column = 0; column < 3; ++column) {
    for (int row = 0; row < 3; ++row)
      EXPECT_FLOAT_EQ(y[column * 3 + row], column == 2 && row == 1 ? 5 : 0);
  }
  // From 90° the columns run along +y: the voxel, at y = −1 mm, appears in column 0.
  const Scan turned = OneParallelView(std::numbers::pi / 2);
  ProjectJoseph(kCube, x.data(), AllRows(turned), y.data());
  EXPECT_NEAR(y[0 * 3 + 1], 5, 1e-5);
}

TEST(Joseph, DiagonalRayHasItsChordLength) {
  // At 45° the central ray crosses the diagonal of a uniform 3 × 3 square: 3 √2 mm.
  const std::vector<float> x(27, 1.0f);
  const Scan scan = OneParallelView(std::numbers::pi / 4);
  std::vector<float> y(9);
  ProjectJoseph(kCube, x.data(), AllRows(scan), y.data());
  EXPECT_NEAR(y[1 * 3 + 1], 3 * std::sqrt(2.0), 1e-5);
}

TEST(Joseph, AdjointIsExactForEveryGeometry) {
  for (const auto& [name, scan, volume] : AllGeometries()) {
    const std::vector<float> x = Random(volume.VoxelCount(), 1), y = Random(scan.PixelCount(), 2);
    std::vector<float> ax(y.size()), aty(x.size(), 0.0f), scratch = y;
    ProjectJoseph(volume, x.data(), AllRows(scan), ax.data());
    BackprojectJoseph(AllRows(scan), scratch.data(), volume, aty.data());
    const double left = Dot(ax, y), right = Dot(x, aty);
    // Both are sums of ~10⁵ products of float32 numbers of either sign; they are compared with the
    // norms' scale.
    const double scale = std::sqrt(Dot(ax, ax) * Dot(y, y));
    EXPECT_GT(Dot(ax, ax), 0) << name;
    EXPECT_LT(std::abs(left - right) / scale, 1e-6) << name;
    EXPECT_LT(std::abs(left - right) / std::abs(left), 1e-5) << name;
  }
}

TEST(Joseph, ColumnAndRayPathsAgree) {
  for (const auto& [name, scan, volume] : AllGeometries()) {
    if (!IsAxisAligned(scan.views[0])) continue;
    const std::vector<float> x = Random(volume.VoxelCount(), 3);
    std::vector<float> columns(scan.PixelCount()), rays(scan.PixelCount());
    ProjectJosephColumns(volume, x.data(), AllRows(scan), columns.data());
    ProjectJosephRays(volume, x.data(), AllRows(scan), RaySet::kAll, rays.data());
    EXPECT_LT(RelativeDifference(rays, columns), 1e-5) << name;
    std::vector<float> y = Random(scan.PixelCount(), 4), z = y;
    std::vector<float> by_columns(x.size(), 0.0f), by_rays(x.size(), 0.0f);
    BackprojectJosephColumns(AllRows(scan), y.data(), volume, by_columns.data());
    BackprojectJosephRays(AllRows(scan), RaySet::kAll, z.data(), volume, by_rays.data());
    EXPECT_LT(RelativeDifference(by_rays, by_columns), 1e-5) << name;
  }
}

TEST(Joseph, SlabsAndBandsAddUp) {
  for (const auto& [name, scan, volume] : AllGeometries()) {
    if (volume.slices < 3) continue;
    const std::vector<float> x = Random(volume.VoxelCount(), 5);
    std::vector<float> whole(scan.PixelCount()), sum(scan.PixelCount(), 0.0f);
    ProjectJoseph(volume, x.data(), AllRows(scan), whole.data());
    for (const IndexRange slices : {IndexRange{0, 1}, IndexRange{1, 8}, IndexRange{8, 13}}) {
      std::vector<float> part;
      for (std::int64_t column = 0; column < volume.columns * volume.rows; ++column) {
        part.insert(part.end(), x.begin() + column * 13 + slices.begin,
                    x.begin() + column * 13 + slices.end);
      }
      for (const IndexRange rows : {IndexRange{0, 6}, IndexRange{6, 19}}) {
        const ProjectionBand band{scan.views, scan.detector.columns, rows};
        std::vector<float> y(band.size());
        ProjectJoseph(volume.Slices(slices), part.data(), band, y.data());
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

TEST(Joseph, RotatingScanAndVolumeTogetherChangesNothing) {
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
  ProjectJoseph(volume, x.data(), AllRows(scan), y.data());
  ProjectJoseph(volume, turned.data(), AllRows(turned_scan), turned_y.data());
  EXPECT_LT(RelativeDifference(y, turned_y), 1e-5);
}

/// A ball of radius 10 mm at the origin in n³ voxels of 24/n mm, 4³ sub-samples each.
std::vector<float> Ball(const Volume& volume, double radius) {
  const int n = volume.slices;
  std::vector<float> x(volume.VoxelCount());
  for (int iy = 0; iy < n; ++iy) {
    for (int ix = 0; ix < n; ++ix) {
      for (int iz = 0; iz < n; ++iz) {
        int inside = 0;
        for (int s = 0; s < 64; ++s) {
          const Vec3 p = volume.VoxelCenter(ix + (s % 4 - 1.5) / 4, iy + (s / 4 % 4 - 1.5) / 4,
                                            iz + (s / 16 - 1.5) / 4);
          inside += Norm(p) <= radius;
        }
        x[(iy * n + ix) * n + iz] = static_cast<float>(inside) / 64;
      }
    }
  }
  return x;
}

/// ‖A x − chords‖ / ‖chords‖ of a ball of radius 10 mm in n³ voxels, for the rays of a detector at
/// `height` mm above the source's plane.
double BallError(int n, double height) {
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 80;
  orbit.source_detector_distance_mm = 120;
  orbit.detector_shift_v_mm = height;
  orbit.angle_rad = {0.1, 0.9, 2.2};
  const Detector detector{.rows = 41, .columns = 41, .pixel_width_mm = 0.9, .pixel_height_mm = 0.9};
  const Scan scan = *MakeCircularScan(detector, orbit);
  // Where the middle ray passes.
  const Volume volume{.columns = n,
                      .rows = n,
                      .slices = n,
                      .voxel_width_mm = 24.0 / n,
                      .voxel_height_mm = 24.0 / n,
                      .center_mm = {0, 0, height * 80 / 120}};
  const double radius = 10;
  Volume centered = volume;
  centered.center_mm = {};
  const std::vector<float> x = Ball(centered, radius);
  std::vector<float> y(scan.PixelCount()), expected(scan.PixelCount());
  ProjectJoseph(volume, x.data(), AllRows(scan), y.data());
  for (std::size_t view = 0; view < 3; ++view) {
    for (int column = 0; column < 41; ++column) {
      for (int row = 0; row < 41; ++row) {
        const Vec3 direction = scan.views[view].Direction(row, column);
        const double distance =
            Norm(Cross(scan.views[view].source - volume.center_mm, direction)) / Norm(direction);
        expected[(view * 41 + column) * 41 + row] =
            static_cast<float>(2 * std::sqrt(std::max(0.0, radius * radius - distance * distance)));
      }
    }
  }
  return RelativeDifference(expected, y);
}

TEST(Joseph, ConvergesToTheAnalyticChordsOfABall) {
  // The error sits at the surface, where Joseph's interpolation smooths the edge over a voxel: it
  // falls with (voxel / radius)^1.5, by about 2.4 for half the voxel.
  const double coarse = BallError(24, 0), fine = BallError(48, 0);
  EXPECT_LT(fine, 0.02);
  EXPECT_GT(coarse / fine, 2.0);
}

TEST(Joseph, SteepConesAreAsAccurateAsLevelOnes) {
  // 70° above the source's plane: in planes across x or y neighbouring samples of a ray would lie
  // three voxels apart, and see the ball's surface with three times the error.
  EXPECT_LT(BallError(48, 330), 1.3 * BallError(48, 0));
}

}  // namespace
}  // namespace tomoslab
