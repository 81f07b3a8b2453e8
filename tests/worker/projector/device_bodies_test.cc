// The bodies of the GPU's kernels, run over whole grids on the host.
#include "worker/projector/device_bodies.h"

#include <gtest/gtest.h>

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
using testing::WithSlabs;

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

/// A scan's views ray by ray, as the kernels do it.
struct RaySlab {
  device::Slab slab;
  device::Band band;
  device::VoxelSize size;
  std::vector<device::RayView> views;

  explicit RaySlab(const NamedGeometry& of)
      : slab(DeviceSlab(of.volume)),
        band(DeviceBand(AllRows(of.scan))),
        size{static_cast<float>(of.volume.voxel_width_mm),
             static_cast<float>(of.volume.voxel_height_mm)},
        views(MakeRayViews(of.volume, AllRows(of.scan))) {}

  /// Calls visit(index in y, view, row, column), the latter two from the middle pixel on.
  template <class Visit>
  void ForRays(Visit&& visit) const {
    std::int64_t i = 0;
    for (const device::RayView& view : views) {
      for (int column = 0; column < band.columns; ++column) {
        for (int row = 0; row < band.rows; ++row) {
          visit(i++, view, static_cast<float>(row - band.middle_row),
                static_cast<float>(column - band.middle_column));
        }
      }
    }
  }

  std::vector<float> Project(const std::vector<float>& x) const {
    std::vector<float> y(band.Offset(band.views, 0));
    ForRays([&](std::int64_t i, const device::RayView& view, float row, float column) {
      y[i] = device::ProjectRay(slab, size, x.data(), view, row, column);
    });
    return y;
  }

  std::vector<float> Backproject(std::vector<float> y) const {
    ForRays([&](std::int64_t i, const device::RayView& view, float row, float column) {
      y[i] *= device::LengthMm(device::RayOf(view, row, column), size);
    });
    std::vector<float> x;
    for (int iy = 0; iy < slab.rows; ++iy) {
      for (int ix = 0; ix < slab.columns; ++ix) {
        for (int iz = 0; iz < slab.slices; ++iz)
          x.push_back(device::BackprojectVoxel(slab, band, views.data(), y.data(), ix, iy, iz));
      }
    }
    return x;
  }
};

/// Cones that look far up and down too: their outer rays step along z.
std::vector<NamedGeometry> AnyGeometries() {
  std::vector<NamedGeometry> result = AllGeometries();
  CircularOrbit orbit;
  orbit.source_object_distance_mm = 40;
  orbit.source_detector_distance_mm = 60;
  orbit.angle_rad = {0.1, 1.3, 2.9, 4.4};
  const Detector tall{.rows = 61, .columns = 9, .pixel_width_mm = 2, .pixel_height_mm = 3};
  result.push_back({"steep cone", *MakeCircularScan(tall, orbit),
                    Volume{.columns = 11,
                           .rows = 13,
                           .slices = 40,
                           .voxel_width_mm = 1,
                           .voxel_height_mm = 0.7,
                           .center_mm = {0, 0, 20}}});
  return result;
}

/// Every geometry whose views the device takes, whole, as a thin slab, and as a single slice.
std::vector<NamedGeometry> DeviceGeometries() {
  std::vector<NamedGeometry> result;
  for (const NamedGeometry& whole : AllGeometries()) {
    for (const NamedGeometry& part : WithSlabs(whole)) {
      bool taken = true;
      for (const View& view : part.scan.views)
        taken &= DevicePathOf(part.volume, view, AllRows(part.scan)) == DevicePath::kColumns;
      if (taken) result.push_back(part);
    }
  }
  return result;
}

TEST(DeviceBodies, TiltedViewsGoRayByRay) {
  int columns = 0, rays = 0;
  for (const auto& [name, scan, volume] : AllGeometries()) {
    const DevicePath path = DevicePathOf(volume, scan.views[0], AllRows(scan));
    EXPECT_EQ(path == DevicePath::kColumns, IsAxisAligned(scan.views[0])) << name;
    EXPECT_NE(path, DevicePath::kNone) << name;
    ++(path == DevicePath::kColumns ? columns : rays);
  }
  EXPECT_GE(columns, 6);
  EXPECT_GE(rays, 2);
}

TEST(DeviceBodies, ASourceInTheSlabIsNotForTheDevice) {
  NamedGeometry cone = AllGeometries().front();
  for (const NamedGeometry& geometry : AllGeometries()) {
    if (geometry.scan.views[0].beam == Beam::kCone) cone = geometry;
  }
  cone.volume.center_mm = cone.scan.views[0].source;
  EXPECT_EQ(DevicePathOf(cone.volume, cone.scan.views[0], AllRows(cone.scan)), DevicePath::kNone);
  EXPECT_FALSE(BackprojectsVoxelsOnDevice(cone.volume, cone.scan.views[0]));
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

TEST(DeviceBodies, RayByRayTheyEqualTheCpuInEveryGeometry) {
  for (const NamedGeometry& any : AnyGeometries()) {
    const RaySlab rays(any);
    const std::vector<float> x = Random(any.volume.VoxelCount(), 9);
    std::vector<float> expected(any.scan.PixelCount());
    ProjectJoseph(any.volume, x.data(), AllRows(any.scan), expected.data());
    EXPECT_LT(RelativeDifference(expected, rays.Project(x)), 1e-5) << any.name;

    const std::vector<float> y = Random(any.scan.PixelCount(), 10);
    std::vector<float> back(any.volume.VoxelCount(), 0.0f), scratch = y;
    BackprojectJoseph(AllRows(any.scan), scratch.data(), any.volume, back.data());
    EXPECT_LT(RelativeDifference(back, rays.Backproject(y)), 1e-5) << any.name;
  }
}

TEST(DeviceBodies, RayByRayTheyAreAdjoint) {
  for (const NamedGeometry& any : AnyGeometries()) {
    const RaySlab rays(any);
    const std::vector<float> x = Random(any.volume.VoxelCount(), 11),
                             y = Random(any.scan.PixelCount(), 12);
    const std::vector<float> ax = rays.Project(x);
    EXPECT_LE(std::abs(Dot(ax, y) - Dot(x, rays.Backproject(y))),
              1e-5 * std::sqrt(Dot(ax, ax) * Dot(y, y)))
        << any.name;
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
