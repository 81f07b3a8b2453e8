// The GPU's bodies of the footprint model, run over whole grids on the host.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/geometries.h"
#include "tests/support/vectors.h"
#include "worker/projector/device_views.h"
#include "worker/projector/footprint.h"

namespace tomoslab {
namespace {

using testing::AllGeometries;
using testing::AllRows;
using testing::Dot;
using testing::NamedGeometry;
using testing::Random;
using testing::RelativeDifference;
using testing::WithSlabs;

constexpr int kAtOnce = 3;  // pixels or voxels of a thread

/// A part of a scan, on the device: by boxes.
class ByBoxes {
 public:
  ByBoxes(const Volume& slab, const ProjectionBand& band)
      : views_(MakeDeviceViews(slab, band)), beams_(MakeDeviceBeams(slab, band)) {}

  std::vector<float> Project(const std::vector<float>& x) const {
    const device::Band& band = views_.band;
    std::vector<float> y(band.Offset(band.views, 0));
    const int lanes = (band.rows + kAtOnce - 1) / kAtOnce;
    for (int line = 0; line < band.views * band.columns; ++line) {
      for (int lane = 0; lane < lanes; ++lane) {
        float sums[kAtOnce];
        device::ProjectBoxes<kAtOnce>(views_.slab, x.data(), band, views_.columns[line],
                                      beams_[line], lane, lanes, sums);
        for (int i = 0; i < kAtOnce; ++i) {
          const int row = lane + i * lanes;
          if (row < band.rows) y[static_cast<std::int64_t>(line) * band.rows + row] = sums[i];
        }
      }
    }
    return y;
  }

  std::vector<float> Backproject(std::vector<float> y) const {
    const device::Slab& slab = views_.slab;
    const device::Band& band = views_.band;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const auto row = static_cast<int>(i % band.rows);
      y[i] *= device::LengthMm(views_.columns[i / band.rows], row - band.middle_row);
    }
    std::vector<float> x(static_cast<std::size_t>(slab.columns) * slab.rows * slab.slices);
    const int lanes = (slab.slices + kAtOnce - 1) / kAtOnce;
    for (int line = 0; line < slab.columns * slab.rows; ++line) {
      for (int lane = 0; lane < lanes; ++lane) {
        float sums[kAtOnce] = {};
        device::BackprojectBoxes<kAtOnce>(slab, band, views_.columns.data(), beams_.data(),
                                          views_.maps.data(), y.data(), line % slab.columns,
                                          line / slab.columns, lane, lanes, sums);
        for (int i = 0; i < kAtOnce; ++i) {
          const int iz = lane + i * lanes;
          if (iz < slab.slices) x[static_cast<std::int64_t>(line) * slab.slices + iz] = sums[i];
        }
      }
    }
    return x;
  }

 private:
  DeviceViews views_;
  std::vector<device::Beam> beams_;
};

/// The same by several rays per pixel.
class ByRays {
 public:
  ByRays(const Volume& slab, const ProjectionBand& band)
      : slab_(DeviceSlab(slab)),
        band_(DeviceBand(band)),
        size_{static_cast<float>(slab.voxel_width_mm), static_cast<float>(slab.voxel_height_mm)},
        views_(MakeRayViews(slab, band)),
        rays_(MakeDeviceSubRays(slab, band)) {}

  std::vector<float> Project(const std::vector<float>& x) const {
    std::vector<float> y;
    for (int view = 0; view < band_.views; ++view) {
      for (int column = 0; column < band_.columns; ++column) {
        for (int row = 0; row < band_.rows; ++row) {
          y.push_back(device::ProjectPixel(slab_, size_, x.data(), views_[view], rays_[view],
                                           static_cast<float>(row - band_.middle_row),
                                           static_cast<float>(column - band_.middle_column)));
        }
      }
    }
    return y;
  }

  std::vector<float> Backproject(const std::vector<float>& y) const {
    std::vector<float> x;
    for (int iy = 0; iy < slab_.rows; ++iy) {
      for (int ix = 0; ix < slab_.columns; ++ix) {
        for (int iz = 0; iz < slab_.slices; ++iz) {
          x.push_back(device::BackprojectPixels(slab_, size_, band_, views_.data(), rays_.data(),
                                                y.data(), ix, iy, iz));
        }
      }
    }
    return x;
  }

 private:
  device::Slab slab_;
  device::Band band_;
  device::VoxelSize size_;
  std::vector<device::RayView> views_;
  std::vector<device::SubRays> rays_;
};

bool GoBy(DevicePath path, const NamedGeometry& geometry) {
  for (const View& view : geometry.scan.views) {
    if (DeviceFootprintPathOf(geometry.volume, view, AllRows(geometry.scan)) != path) return false;
  }
  return true;
}

/// Circular cones and parallel beams of a few views whose pixels are `width` × `height` voxels as
/// seen from the axis; rows that descend where `height` is below 0.
NamedGeometry PixelsOf(Beam beam, double width, double height, int columns, int rows) {
  CircularOrbit orbit;
  orbit.beam = beam;
  orbit.source_object_distance_mm = 60 + std::abs(height) * rows;
  orbit.source_detector_distance_mm = 1.5 * orbit.source_object_distance_mm;
  orbit.angle_rad = {0, 0.3, 0.785, 2.9, 4.712};
  const double magnification = beam == Beam::kCone ? 1.5 : 1;
  NamedGeometry result{"pixels of " + std::to_string(width) + " x " + std::to_string(height),
                       *MakeCircularScan({.rows = rows,
                                          .columns = columns,
                                          .pixel_width_mm = width * magnification,
                                          .pixel_height_mm = std::abs(height) * magnification},
                                         orbit),
                       {.columns = 13,
                        .rows = 9,
                        .slices = 11,
                        .voxel_width_mm = 1,
                        .voxel_height_mm = 1,
                        .center_mm = {0.4, -0.3, 0.2}}};
  if (height < 0) {
    for (View& view : result.scan.views) {
      view.corner = view.Pixel(rows - 1, 0);
      view.row_step = -1.0 * view.row_step;
    }
  }
  return result;
}

std::vector<NamedGeometry> BoxGeometries() {
  std::vector<NamedGeometry> wholes = AllGeometries();
  for (const Beam beam : {Beam::kCone, Beam::kParallel}) {
    for (const double size : {0.15, 0.5, 1.0, 2.3, 5.0}) {
      wholes.push_back(PixelsOf(beam, size, 1, 11, 13));
      wholes.push_back(PixelsOf(beam, 1, size, 17, 9));
    }
    wholes.push_back(PixelsOf(beam, 1, -0.8, 12, 14));
    wholes.push_back(PixelsOf(beam, 1.2, 1.2, 1, 1));
  }
  std::vector<NamedGeometry> result;
  for (const NamedGeometry& whole : wholes) {
    for (const NamedGeometry& part : WithSlabs(whole)) {
      if (GoBy(DevicePath::kColumns, part)) result.push_back(part);
    }
  }
  return result;
}

std::vector<NamedGeometry> RayGeometries() {
  std::vector<NamedGeometry> result;
  for (const NamedGeometry& whole : AllGeometries(3)) {
    if (!GoBy(DevicePath::kRays, whole)) continue;
    for (const NamedGeometry& part : WithSlabs(whole)) result.push_back(part);
  }
  // Beams wider than the columns take: rays spread over the pixel.
  result.push_back(PixelsOf(Beam::kParallel, 25, 3, 2, 3));
  return result;
}

template <class Path>
void ExpectTheCpusPair(const NamedGeometry& g) {
  const Path path(g.volume, AllRows(g.scan));
  const std::vector<float> x = Random(g.volume.VoxelCount(), 3), y = Random(g.scan.PixelCount(), 4);
  std::vector<float> expected(y.size()), back(x.size(), 0.0f), scratch = y;
  ProjectFootprint(g.volume, x.data(), AllRows(g.scan), expected.data());
  EXPECT_LT(RelativeDifference(expected, path.Project(x)), 1e-5) << g.name;
  BackprojectFootprint(AllRows(g.scan), scratch.data(), g.volume, back.data());
  EXPECT_LT(RelativeDifference(back, path.Backproject(y)), 1e-5) << g.name;
}

template <class Path>
void ExpectAdjoint(const NamedGeometry& g) {
  const Path path(g.volume, AllRows(g.scan));
  const std::vector<float> x = Random(g.volume.VoxelCount(), 5), y = Random(g.scan.PixelCount(), 6);
  const std::vector<float> ax = path.Project(x);
  EXPECT_LE(std::abs(Dot(ax, y) - Dot(x, path.Backproject(y))),
            1e-6 * std::sqrt(Dot(ax, ax) * Dot(y, y)))
      << g.name;
}

TEST(DeviceFootprint, EveryGeometryHasAPath) {
  int boxes = 0, rays = 0;
  for (const NamedGeometry& g : AllGeometries()) {
    EXPECT_TRUE(GoBy(DevicePath::kColumns, g) || GoBy(DevicePath::kRays, g)) << g.name;
    ++(GoBy(DevicePath::kColumns, g) ? boxes : rays);
  }
  EXPECT_GE(boxes, 6);
  EXPECT_GE(rays, 3);
  EXPECT_TRUE(GoBy(DevicePath::kRays, PixelsOf(Beam::kParallel, 25, 3, 2, 3)));
  NamedGeometry inside = PixelsOf(Beam::kCone, 1, 1, 3, 3);
  inside.volume.center_mm = inside.scan.views[1].source;
  EXPECT_EQ(DeviceFootprintPathOf(inside.volume, inside.scan.views[1], AllRows(inside.scan)),
            DevicePath::kNone);
}

TEST(DeviceFootprint, BoxesEqualTheCpu) {
  for (const NamedGeometry& g : BoxGeometries()) ExpectTheCpusPair<ByBoxes>(g);
}

TEST(DeviceFootprint, BoxesAreAdjoint) {
  for (const NamedGeometry& g : BoxGeometries()) ExpectAdjoint<ByBoxes>(g);
}

TEST(DeviceFootprint, RaysEqualTheCpu) {
  for (const NamedGeometry& g : RayGeometries()) ExpectTheCpusPair<ByRays>(g);
}

TEST(DeviceFootprint, RaysAreAdjoint) {
  for (const NamedGeometry& g : RayGeometries()) ExpectAdjoint<ByRays>(g);
}

TEST(DeviceFootprint, SlabsAddUpOnTheirShadows) {
  // Two slabs, each onto a band of rows of its own that it covers: the sum is the whole.
  for (const Beam beam : {Beam::kCone, Beam::kParallel}) {
    const NamedGeometry g = PixelsOf(beam, 0.9, 1.1, 15, 21);
    const std::vector<float> x = Random(g.volume.VoxelCount(), 8);
    std::vector<float> sum(g.scan.PixelCount(), 0.0f);
    for (const IndexRange slices : {IndexRange{0, 4}, IndexRange{4, 11}}) {
      std::vector<float> part;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const auto z = static_cast<std::int64_t>(i % 11);
        if (z >= slices.begin && z < slices.end) part.push_back(x[i]);
      }
      const Volume slab = g.volume.Slices(slices);
      for (const IndexRange rows : {IndexRange{0, 8}, IndexRange{8, 21}}) {
        const ProjectionBand band{g.scan.views, 15, rows};
        const std::vector<float> y = ByBoxes(slab, band).Project(part);
        for (std::size_t i = 0; i < y.size(); ++i)
          sum[i / rows.size() * 21 + rows.begin + i % rows.size()] += y[i];
      }
    }
    EXPECT_LT(RelativeDifference(ByBoxes(g.volume, AllRows(g.scan)).Project(x), sum), 2e-6);
  }
}

TEST(DeviceFootprint, UniformProjectionsGiveUniformVolumes) {
  // In parallel beam every voxel gets its volume over the pixel's area, from each view.
  const NamedGeometry g = PixelsOf(Beam::kParallel, 0.7, 1.3, 41, 15);
  const std::vector<float> x =
      ByBoxes(g.volume, AllRows(g.scan)).Backproject(std::vector<float>(g.scan.PixelCount(), 1.0f));
  const double expected = 5 / (0.7 * 1.3);
  for (const float value : x) ASSERT_NEAR(value, expected, 1e-5 * expected);
}

}  // namespace
}  // namespace tomoslab
