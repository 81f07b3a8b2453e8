// The bodies of the GPU's kernels, run over whole grids on the host.
#include "worker/projector/device_bodies.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/geometries.h"
#include "tests/support/vectors.h"
#include "worker/projector/device_views.h"
#include "worker/projector/voxel_backproject.h"

namespace tomoslab {
namespace {

using testing::AllGeometries;
using testing::AllRows;
using testing::Dot;
using testing::NamedGeometry;
using testing::Random;
using testing::RelativeDifference;

constexpr int kAtOnce = 4;  // rays or voxels of a thread

/// Forward projection as the kernel does it: thread (view, column, lane), rays `lanes` rows apart.
std::vector<float> Project(const DeviceViews& views, const std::vector<float>& x) {
  const device::Band& band = views.band;
  std::vector<float> y(band.Offset(band.views, 0));
  const int lanes = (band.rows + kAtOnce - 1) / kAtOnce;
  for (int line = 0; line < band.views * band.columns; ++line) {
    for (int lane = 0; lane < lanes; ++lane) {
      float sums[kAtOnce];
      device::ProjectRays<kAtOnce>(views.slab, x.data(), band, views.columns[line], lane, lanes,
                                   sums);
      for (int i = 0; i < kAtOnce; ++i) {
        const int row = lane + i * lanes;
        if (row < band.rows) y[static_cast<std::int64_t>(line) * band.rows + row] = sums[i];
      }
    }
  }
  return y;
}

enum class Kernel { kAdjoint, kVoxelDriven };

/// Backprojection as the kernels do it: thread (voxel column, lane), voxels `lanes` slices apart.
std::vector<float> Backproject(Kernel kernel, const DeviceViews& views, std::vector<float> y) {
  const device::Slab& slab = views.slab;
  const device::Band& band = views.band;
  if (kernel == Kernel::kAdjoint) {
    for (std::size_t i = 0; i < y.size(); ++i) {
      const auto row = static_cast<int>(i % band.rows);
      y[i] *= device::LengthMm(views.columns[i / band.rows], row - band.middle_row);
    }
  }
  std::vector<float> x(static_cast<std::size_t>(slab.columns) * slab.rows * slab.slices);
  const int lanes = (slab.slices + kAtOnce - 1) / kAtOnce;
  for (int line = 0; line < slab.columns * slab.rows; ++line) {
    const int ix = line % slab.columns, iy = line / slab.columns;
    for (int lane = 0; lane < lanes; ++lane) {
      float sums[kAtOnce] = {};
      if (kernel == Kernel::kAdjoint) {
        device::BackprojectVoxels<kAtOnce>(slab, band, views.columns.data(), views.maps.data(),
                                           y.data(), ix, iy, lane, lanes, sums);
      } else {
        device::BackprojectVoxelDriven<kAtOnce>(slab, band, views.maps.data(), y.data(), ix, iy,
                                                lane, lanes, sums);
      }
      for (int i = 0; i < kAtOnce; ++i) {
        const int iz = lane + i * lanes;
        if (iz < slab.slices) x[static_cast<std::int64_t>(line) * slab.slices + iz] = sums[i];
      }
    }
  }
  return x;
}

/// Every geometry whose views the device takes, whole, as a thin slab, and as a single slice.
std::vector<NamedGeometry> DeviceGeometries() {
  std::vector<NamedGeometry> result;
  for (const NamedGeometry& whole : AllGeometries()) {
    const int slices = whole.volume.slices;
    for (const IndexRange range : {IndexRange{0, slices}, IndexRange{slices / 2, slices / 2 + 3},
                                   IndexRange{slices - 1, slices}}) {
      if (range.end > slices) continue;
      NamedGeometry part = whole;
      part.volume = whole.volume.Slices(range);
      part.name += ", slices " + std::to_string(range.begin) + " to " + std::to_string(range.end);
      bool taken = true;
      for (const View& view : part.scan.views)
        taken &= ProjectsOnDevice(part.volume, view, AllRows(part.scan));
      if (taken) result.push_back(part);
    }
  }
  return result;
}

TEST(DeviceBodies, TakeParallelAndConeBeamsButNoTiltedOnes) {
  int taken = 0, left = 0;
  for (const auto& [name, scan, volume] : AllGeometries()) {
    const bool takes = ProjectsOnDevice(volume, scan.views[0], AllRows(scan));
    EXPECT_TRUE(!takes || IsAxisAligned(scan.views[0])) << name;
    ++(takes ? taken : left);
  }
  EXPECT_GE(taken, 6);
  EXPECT_GE(left, 2);
}

TEST(DeviceBodies, ProjectAsTheCpuDoes) {
  for (const auto& [name, scan, volume] : DeviceGeometries()) {
    const std::vector<float> x = Random(volume.VoxelCount(), 3);
    std::vector<float> expected(scan.PixelCount());
    ProjectJoseph(volume, x.data(), AllRows(scan), expected.data());
    const std::vector<float> y = Project(MakeDeviceViews(volume, AllRows(scan)), x);
    EXPECT_LT(RelativeDifference(expected, y), 1e-5) << name;
  }
}

TEST(DeviceBodies, BackprojectAsTheCpuDoes) {
  for (const auto& [name, scan, volume] : DeviceGeometries()) {
    const std::vector<float> y = Random(scan.PixelCount(), 4);
    std::vector<float> expected(volume.VoxelCount(), 0.0f), scratch = y;
    BackprojectJoseph(AllRows(scan), scratch.data(), volume, expected.data());
    const std::vector<float> x =
        Backproject(Kernel::kAdjoint, MakeDeviceViews(volume, AllRows(scan)), y);
    EXPECT_LT(RelativeDifference(expected, x), 1e-5) << name;
  }
}

TEST(DeviceBodies, AreAdjoint) {
  for (const auto& [name, scan, volume] : DeviceGeometries()) {
    const DeviceViews views = MakeDeviceViews(volume, AllRows(scan));
    const std::vector<float> x = Random(volume.VoxelCount(), 5), y = Random(scan.PixelCount(), 6);
    const std::vector<float> ax = Project(views, x);
    const double forward = Dot(ax, y), back = Dot(x, Backproject(Kernel::kAdjoint, views, y));
    EXPECT_LE(std::abs(forward - back), 1e-5 * std::sqrt(Dot(ax, ax) * Dot(y, y))) << name;
  }
}

TEST(DeviceBodies, BackprojectVoxelDrivenAsTheCpuDoes) {
  for (const auto& [name, scan, volume] : DeviceGeometries()) {
    const std::vector<float> y = Random(scan.PixelCount(), 7);
    std::vector<float> expected(volume.VoxelCount(), 0.0f);
    BackprojectVoxels(AllRows(scan), y.data(), volume, expected.data());
    const std::vector<float> x =
        Backproject(Kernel::kVoxelDriven, MakeDeviceViews(volume, AllRows(scan)), y);
    EXPECT_LT(RelativeDifference(expected, x), 1e-5) << name;
  }
}

TEST(DeviceBodies, BandsOfRowsAreParts) {
  // A slab's shadow is a part of the detector: rows counted from elsewhere, the same numbers.
  for (const auto& [name, scan, volume] : DeviceGeometries()) {
    const std::vector<float> x = Random(volume.VoxelCount(), 8);
    const IndexRange rows{scan.detector.rows / 3, scan.detector.rows};
    const ProjectionBand band{scan.views, scan.detector.columns, rows};
    const std::vector<float> whole = Project(MakeDeviceViews(volume, AllRows(scan)), x);
    const std::vector<float> part = Project(MakeDeviceViews(volume, band), x);
    std::vector<float> expected;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      if (static_cast<std::int64_t>(i) % scan.detector.rows >= rows.begin)
        expected.push_back(whole[i]);
    }
    ASSERT_EQ(part.size(), expected.size()) << name;
    EXPECT_LT(RelativeDifference(expected, part), 1e-5) << name;
  }
}

}  // namespace
}  // namespace tomoslab
