#include "worker/projector/voxel_backproject.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/geometries.h"

namespace tomoslab {
namespace {

/// The definition, voxel by voxel.
double Expected(const Scan& scan, const std::vector<float>& y, Vec3 point) {
  double sum = 0;
  const auto pixel = [&](std::size_t view, std::int64_t row, std::int64_t column) -> double {
    if (row < 0 || row >= scan.detector.rows || column < 0 || column >= scan.detector.columns)
      return 0;
    return y[(view * scan.detector.columns + column) * scan.detector.rows + row];
  };
  for (std::size_t view = 0; view < scan.views.size(); ++view) {
    const DetectorPoint at = ProjectPoint(scan.views[view], point);
    const auto r = static_cast<std::int64_t>(std::floor(at.row)),
               c = static_cast<std::int64_t>(std::floor(at.column));
    const double fr = at.row - static_cast<double>(r), fc = at.column - static_cast<double>(c);
    sum += ((1 - fr) * (1 - fc) * pixel(view, r, c) + (1 - fr) * fc * pixel(view, r, c + 1) +
            fr * (1 - fc) * pixel(view, r + 1, c) + fr * fc * pixel(view, r + 1, c + 1)) /
           (at.depth * at.depth);
  }
  return sum;
}

TEST(BackprojectVoxels, EqualsItsDefinitionForEveryGeometry) {
  for (const auto& [name, scan, volume] : testing::AllGeometries()) {
    std::vector<float> y(scan.PixelCount()), x(volume.VoxelCount(), 0.0f);
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] = testing::Noise(7, static_cast<std::int64_t>(i));
    BackprojectVoxels({scan.views, scan.detector.columns, {0, scan.detector.rows}}, y.data(),
                      volume, x.data());
    double worst = 0, largest = 0;
    for (int iy = 0; iy < volume.rows; ++iy) {
      for (int ix = 0; ix < volume.columns; ++ix) {
        for (int iz = 0; iz < volume.slices; ++iz) {
          const double expected = Expected(scan, y, volume.VoxelCenter(ix, iy, iz));
          largest = std::max(largest, std::abs(expected));
          worst = std::max(worst,
                           std::abs(expected - x[(iy * volume.columns + ix) * volume.slices + iz]));
        }
      }
    }
    EXPECT_GT(largest, 0) << name;
    EXPECT_LT(worst / largest, 2e-6) << name;  // float32 sums over 11 views
  }
}

}  // namespace
}  // namespace tomoslab
