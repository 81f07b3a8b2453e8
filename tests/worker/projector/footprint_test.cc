#include "worker/projector/footprint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "tests/support/geometries.h"
#include "tests/support/vectors.h"
#include "worker/plan/footprint_path.h"
#include "worker/projector/footprint_columns.h"
#include "worker/projector/footprint_rays.h"

namespace tomoslab {
namespace {

using testing::AllGeometries;
using testing::AllRows;
using testing::Random;
using testing::RelativeDifference;

/// One voxel of 1 × 1 × 1 mm and 2 /mm on the axis.
const Volume kVoxel{.columns = 1,
                    .rows = 1,
                    .slices = 1,
                    .voxel_width_mm = 1,
                    .voxel_height_mm = 1,
                    .center_mm = {}};

/// Its projection onto 5 × 5 pixels [column][row] of `pixel_mm`, from one direction.
std::vector<float> ShadowOfOneVoxel(Beam beam, double pixel_mm, double angle_rad = 0) {
  CircularOrbit orbit;
  orbit.beam = beam;
  // So far away that the rays are parallel to 1e-6; the shadow is twice the voxel's size.
  orbit.source_object_distance_mm = 1e6;
  orbit.source_detector_distance_mm = 2e6;
  orbit.angle_rad = {angle_rad};
  const Scan scan = *MakeCircularScan(
      {.rows = 5, .columns = 5, .pixel_width_mm = pixel_mm, .pixel_height_mm = pixel_mm}, orbit);
  const float x = 2;
  std::vector<float> y(25, -1.0f);
  ProjectFootprint(kVoxel, &x, AllRows(scan), y.data());
  return y;
}

void ExpectOuterProduct(const std::vector<double>& profile, const std::vector<float>& y) {
  for (int column = 0; column < 5; ++column) {
    for (int row = 0; row < 5; ++row) {
      EXPECT_NEAR(y[column * 5 + row], 2 * profile[column] * profile[row], 1e-5)
          << column << ", " << row;
    }
  }
}

TEST(Footprint, VoxelAsLargeAsThePixelFillsIt) {
  ExpectOuterProduct({0, 0, 1, 0, 0}, ShadowOfOneVoxel(Beam::kParallel, 1));
  ExpectOuterProduct({0, 0, 1, 0, 0}, ShadowOfOneVoxel(Beam::kCone, 2));
}

TEST(Footprint, SmallVoxelFillsAPartOfThePixel) {
  ExpectOuterProduct({0, 0, 0.5, 0, 0}, ShadowOfOneVoxel(Beam::kParallel, 2));
  ExpectOuterProduct({0, 0, 0.5, 0, 0}, ShadowOfOneVoxel(Beam::kCone, 4));
}

TEST(Footprint, LargeVoxelCoversPixelsInPart) {
  ExpectOuterProduct({0, 0.5, 1, 0.5, 0}, ShadowOfOneVoxel(Beam::kParallel, 0.5));
  ExpectOuterProduct({0, 0.5, 1, 0.5, 0}, ShadowOfOneVoxel(Beam::kCone, 1));
}

TEST(Footprint, DiagonalVoxelCastsATriangle) {
  // At 45° the chord at s from the middle is √2 − 2|s| mm, |s| < 1/√2: its mean over pixels of
  // 0.5 mm is ∫ (√2 − 2|s|) ds / 0.5. Along the rows the voxel is twice as high as a pixel.
  const auto y = ShadowOfOneVoxel(Beam::kParallel, 0.5, std::numbers::pi / 4);
  const double root = std::sqrt(2.0), edge = root / 2;
  const auto integral = [&](double a, double b) { return root * (b - a) - (b * b - a * a); };
  const double middle = 2 * integral(0, 0.25) / 0.5, next = integral(0.25, edge) / 0.5;
  EXPECT_NEAR(y[2 * 5 + 2], 2 * middle, 1e-5);
  EXPECT_NEAR(y[1 * 5 + 2], 2 * next, 1e-5);
  EXPECT_NEAR(y[3 * 5 + 2], 2 * next, 1e-5);
  EXPECT_NEAR(y[3 * 5 + 1], next, 1e-5);
  EXPECT_NEAR(y[4 * 5 + 2], 0, 1e-6);
}

Scan WideParallelScan(double pixel_mm) {
  CircularOrbit orbit;
  orbit.beam = Beam::kParallel;
  for (int view = 0; view < 9; ++view) orbit.angle_rad.push_back(0.37 * view);
  const int count = static_cast<int>(48 / pixel_mm);
  return *MakeCircularScan(
      {.rows = count, .columns = count, .pixel_width_mm = pixel_mm, .pixel_height_mm = pixel_mm},
      orbit);
}

const Volume kBlockOfNoise{.columns = 17,
                           .rows = 15,
                           .slices = 13,
                           .voxel_width_mm = 1.1,
                           .voxel_height_mm = 0.9,
                           .center_mm = {0.3, -0.7, 0.4}};

TEST(Footprint, KeepsTheMassInEveryParallelView) {
  // Σ pixels · area = Σ voxels · volume, whatever the ratio of pixel and voxel.
  std::vector<float> x = Random(kBlockOfNoise.VoxelCount(), 1);
  for (float& value : x) value += 1.5f;
  const double mass = std::accumulate(x.begin(), x.end(), 0.0) * 1.1 * 1.1 * 0.9;
  for (const double pixel_mm : {0.4, 0.75, 1.0, 1.6, 3.0, 6.0}) {
    const Scan scan = WideParallelScan(pixel_mm);
    std::vector<float> y(scan.PixelCount());
    ProjectFootprint(kBlockOfNoise, x.data(), AllRows(scan), y.data());
    const std::int64_t per_view = scan.PixelCount() / 9;
    for (int view = 0; view < 9; ++view) {
      const double sum =
          std::accumulate(y.begin() + view * per_view, y.begin() + (view + 1) * per_view, 0.0);
      EXPECT_NEAR(sum * pixel_mm * pixel_mm, mass, 1e-5 * mass) << pixel_mm << ", view " << view;
    }
  }
}

TEST(Footprint, UniformProjectionsGiveUniformVolumes) {
  // In parallel beam every voxel gets its volume over the pixel's area, from each view.
  for (const double pixel_mm : {0.4, 1.0, 3.0}) {
    const Scan scan = WideParallelScan(pixel_mm);
    std::vector<float> y(scan.PixelCount(), 1.0f), x(kBlockOfNoise.VoxelCount(), 0.0f);
    BackprojectFootprint(AllRows(scan), y.data(), kBlockOfNoise, x.data());
    const double expected = 9 * 1.1 * 1.1 * 0.9 / (pixel_mm * pixel_mm);
    for (const float value : x) ASSERT_NEAR(value, expected, 1e-5 * expected) << pixel_mm;
  }
}

TEST(Footprint, IsLinear) {
  for (const auto& [name, scan, volume] : AllGeometries(3)) {
    const std::vector<float> a = Random(volume.VoxelCount(), 1), b = Random(volume.VoxelCount(), 2);
    std::vector<float> sum(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) sum[i] = 2 * a[i] - 3 * b[i];
    std::vector<float> ya(scan.PixelCount()), yb(ya.size()), expected(ya.size()), y(ya.size());
    ProjectFootprint(volume, a.data(), AllRows(scan), ya.data());
    ProjectFootprint(volume, b.data(), AllRows(scan), yb.data());
    ProjectFootprint(volume, sum.data(), AllRows(scan), y.data());
    for (std::size_t i = 0; i < y.size(); ++i) expected[i] = 2 * ya[i] - 3 * yb[i];
    EXPECT_LT(RelativeDifference(expected, y), 1e-6) << name;
  }
}

TEST(Footprint, SubRaysDoNotDependOnTheSlab) {
  for (const auto& [name, scan, volume] : AllGeometries()) {
    const Volume slab = volume.Slices({0, 1});
    for (const View& view : scan.views) {
      EXPECT_EQ(SubRaysFor(slab, view), SubRaysFor(volume, view)) << name;
      EXPECT_EQ(FootprintTakesColumns(slab, view, scan.detector.columns),
                FootprintTakesColumns(volume, view, scan.detector.columns));
    }
  }
}

TEST(Footprint, PathsAgreeWhereBothApply) {
  // The rays' tents are wider than the boxes: smooth volumes tell only what both should.
  const Volume volume{.columns = 25,
                      .rows = 25,
                      .slices = 25,
                      .voxel_width_mm = 1,
                      .voxel_height_mm = 1,
                      .center_mm = {}};
  std::vector<float> x;
  for (std::int64_t i = 0; i < volume.VoxelCount(); ++i) {
    const Vec3 at = volume.VoxelCenter(static_cast<double>(i / 25 % 25),
                                       static_cast<double>(i / 625), static_cast<double>(i % 25));
    x.push_back(static_cast<float>(std::exp(-Dot(at, at) / 32)));
  }
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 150;
  orbit.source_detector_distance_mm = 300;
  orbit.angle_rad = {0.1, 0.6, 2.1};
  for (const double pixel_mm : {1.0, 2.0, 5.0}) {
    const Scan scan = *MakeCircularScan(
        {.rows = 15, .columns = 15, .pixel_width_mm = pixel_mm, .pixel_height_mm = pixel_mm},
        orbit);
    std::vector<float> columns(scan.PixelCount()), rays(scan.PixelCount());
    ProjectFootprintColumns(volume, x.data(), AllRows(scan), columns.data());
    ProjectFootprintRays(volume, x.data(), AllRows(scan), rays.data());
    EXPECT_LT(RelativeDifference(columns, rays), 0.01) << pixel_mm;
  }
}

TEST(Footprint, CoarsePixelsTakeTheRays) {
  // One pixel over everything: the mean of what the detector's pixels see.
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 60;
  orbit.source_detector_distance_mm = 120;
  orbit.angle_rad = {0.3};
  const auto scan_of = [&](int count) {
    return *MakeCircularScan({.rows = count,
                              .columns = count,
                              .pixel_width_mm = 60.0 / count,
                              .pixel_height_mm = 60.0 / count},
                             orbit);
  };
  const Scan one = scan_of(1), many = scan_of(60);
  ASSERT_FALSE(FootprintTakesColumns(kBlockOfNoise, one.views[0], 1));
  const std::vector<float> x(kBlockOfNoise.VoxelCount(), 1.0f);
  float mean = 0;
  std::vector<float> pixels(3600);
  ProjectFootprint(kBlockOfNoise, x.data(), AllRows(one), &mean);
  ProjectFootprint(kBlockOfNoise, x.data(), AllRows(many), pixels.data());
  const double expected = std::accumulate(pixels.begin(), pixels.end(), 0.0) / 3600;
  EXPECT_NEAR(mean, expected, 2e-3 * expected);
}

TEST(Footprint, EmptySlabsAndBands) {
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 60;
  orbit.source_detector_distance_mm = 95;
  orbit.angle_rad = {0.3, 1.5};
  const Scan scan = *MakeCircularScan(
      {.rows = 3, .columns = 4, .pixel_width_mm = 1, .pixel_height_mm = 1}, orbit);
  const Volume none = kBlockOfNoise.Slices({4, 4});
  std::vector<float> y(scan.PixelCount(), 3.0f), x(kBlockOfNoise.VoxelCount(), 1.0f);
  ProjectFootprint(none, x.data(), AllRows(scan), y.data());
  EXPECT_EQ(y, std::vector<float>(y.size(), 0.0f));
  BackprojectFootprint(AllRows(scan), y.data(), none, x.data());
  const ProjectionBand no_rows{scan.views, 4, {1, 1}};
  ProjectFootprint(kBlockOfNoise, x.data(), no_rows, y.data());
  BackprojectFootprint(no_rows, y.data(), kBlockOfNoise, x.data());
  EXPECT_EQ(x, std::vector<float>(x.size(), 1.0f));
}

}  // namespace
}  // namespace tomoslab
