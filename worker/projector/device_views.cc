#include "worker/projector/device_views.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "worker/core/parallel.h"
#include "worker/plan/footprint_path.h"
#include "worker/projector/column_geometry.h"
#include "worker/projector/footprint_geometry.h"
#include "worker/projector/footprint_rays.h"
#include "worker/projector/pixel_map.h"
#include "worker/projector/view_runs.h"

namespace tomoslab {
namespace {

device::Column ColumnOf(const DeviceViews& views, const ColumnGeometry& geometry,
                        const Volume& slab, const ProjectionBand& band, std::int64_t view,
                        std::int64_t column) {
  const ViewRows& rows = geometry.Rows(view);
  const RayColumn& rays = geometry.Column(view, column);
  const bool along_x = rays.main == MainAxis::kX;
  const device::Slab& s = views.slab;
  const double middle_row = views.band.middle_row;
  const double t = rays.t(along_x ? s.middle_x : s.middle_y);
  const double rise = rows.cone ? rays.t.step * (rows.slope + middle_row * rows.step) : 0;

  const View& of = band.views[view];
  const Vec3 level = of.Direction(0, static_cast<double>(column));
  const double per_plane = slab.voxel_width_mm / std::max(std::abs(level.x), std::abs(level.y));
  const double row_rise = rows.cone ? of.row_step.z : 0;
  const double first_rise =
      rows.cone ? level.z + (static_cast<double>(band.rows.begin) + middle_row) * row_rise : 0;
  const auto real = [](double value) { return static_cast<float>(value); };
  return {.lateral = real(rays.lateral(along_x ? s.middle_x : s.middle_y) -
                          (along_x ? s.middle_y : s.middle_x)),
          .lateral_step = real(rays.lateral.step),
          .z = real(rows.Start(t) + middle_row * rows.Step(t) - s.middle_z),
          .z_step = real(rise),
          .spacing = real(rows.Step(t)),
          .spacing_step = real(rows.cone ? rays.t.step * rows.step : 0),
          .level = real((level.x * level.x + level.y * level.y) * per_plane * per_plane),
          .rise = real(first_rise * per_plane),
          .rise_step = real(row_rise * per_plane),
          .along_x = along_x ? 1 : 0};
}

device::Beam BeamOf(const device::Slab& slab, const PixelBeam& beam) {
  const bool along_x = beam.rays.main == MainAxis::kX;
  const int plane = along_x ? slab.middle_x : slab.middle_y;
  const double low = beam.low(plane), high = beam.high(plane);
  const auto real = [](double value) { return static_cast<float>(value); };
  return {.centre = real((low + high) / 2 - (along_x ? slab.middle_y : slab.middle_x)),
          .centre_step = real((beam.low.step + beam.high.step) / 2),
          .width = real(high - low),
          .width_step = real(beam.high.step - beam.low.step),
          .low_step = real(beam.low.step),
          .high_step = real(beam.high.step)};
}

device::PixelMap MapOf(const DeviceViews& views, const PixelMap& map, double first_row) {
  const device::Slab& s = views.slab;
  const double column = views.band.middle_column, row = first_row + views.band.middle_row;
  const auto at_middle = [&](const Affine& affine) {
    return affine(s.middle_x, s.middle_y, s.middle_z);
  };
  const auto real = [](double value) { return static_cast<float>(value); };
  return {.column = real(at_middle(map.column_depth) - column * at_middle(map.depth)),
          .column_x = real(map.column_depth.x - column * map.depth.x),
          .column_y = real(map.column_depth.y - column * map.depth.y),
          .row = real(at_middle(map.row_depth) - row * at_middle(map.depth)),
          .row_x = real(map.row_depth.x - row * map.depth.x),
          .row_y = real(map.row_depth.y - row * map.depth.y),
          .row_z = real(map.row_depth.z),
          .depth = real(at_middle(map.depth)),
          .depth_x = real(map.depth.x),
          .depth_y = real(map.depth.y)};
}

/// A function of the voxel, divided by its value's share of the depth, from the middle ones on.
device::OfVoxel Centred(const Affine& of, const Affine& depth, double middle,
                        const device::Slab& s) {
  const auto real = [](double value) { return static_cast<float>(value); };
  return {real(of(s.middle_x, s.middle_y, s.middle_z) -
               middle * depth(s.middle_x, s.middle_y, s.middle_z)),
          real(of.x - middle * depth.x), real(of.y - middle * depth.y),
          real(of.z - middle * depth.z)};
}

/// A function that is linear in row and column, counted from the middle pixel.
template <class Function>
device::OfPixel Linear(Function&& function) {
  const double at = function(0.0, 0.0);
  return {static_cast<float>(at), static_cast<float>(function(1.0, 0.0) - at),
          static_cast<float>(function(0.0, 1.0) - at)};
}

device::RayView RayViewOf(const Volume& slab, const View& view, const device::Slab& s,
                          const device::Band& band, double first_row) {
  const Vec3 middle = slab.VoxelCenter(s.middle_x, s.middle_y, s.middle_z);
  const auto in_voxels = [&](Vec3 v) {
    return std::array<double, 3>{v.x / slab.voxel_width_mm, v.y / slab.voxel_width_mm,
                                 v.z / slab.voxel_height_mm};
  };
  const auto direction = [&](double row, double column) {
    return in_voxels(
        view.Direction(first_row + band.middle_row + row, band.middle_column + column));
  };
  const auto origin = [&](double row, double column) {
    if (view.beam == Beam::kCone) return in_voxels(view.source - middle);
    return in_voxels(view.Pixel(first_row + band.middle_row + row, band.middle_column + column) -
                     middle);
  };
  device::RayView result{};
  for (int axis = 0; axis < 3; ++axis) {
    result.direction[axis] =
        Linear([&](double row, double column) { return direction(row, column)[axis]; });
  }
  for (int main = 0; main < 3; ++main) {
    for (int i = 0; i < 2; ++i) {
      const int axis = i == 0 ? device::FirstAcross(main) : device::SecondAcross(main);
      result.across[main][i] = Linear([&](double row, double column) {
        const auto o = origin(row, column), d = direction(row, column);
        return o[axis] * d[main] - o[main] * d[axis];
      });
    }
  }
  const PixelMap map = MapOf(view, slab);
  result.column_depth = Centred(map.column_depth, map.depth, band.middle_column, s);
  result.row_depth = Centred(map.row_depth, map.depth, first_row + band.middle_row, s);
  result.depth = Centred(map.depth, map.depth, 0, s);
  return result;
}

/// The slab and two voxels around it stand in front of the view's source.
bool InFront(const Volume& slab, const View& view) {
  const PixelMap map = MapOf(view, slab);
  for (const double x : {-2.0, slab.columns + 1.0}) {
    for (const double y : {-2.0, slab.rows + 1.0}) {
      for (const double z : {-2.0, slab.slices + 1.0}) {
        if (!(map.depth(x, y, z) > 1e-3)) return false;
      }
    }
  }
  return true;
}

}  // namespace

device::Slab DeviceSlab(const Volume& slab) {
  return {slab.columns, slab.rows, slab.slices, slab.columns / 2, slab.rows / 2, slab.slices / 2};
}

device::Band DeviceBand(const ProjectionBand& band) {
  const auto rows = static_cast<int>(band.rows.size());
  return {static_cast<int>(band.views.size()), band.columns, rows, band.columns / 2, rows / 2};
}

DeviceViews MakeDeviceViews(const Volume& slab, const ProjectionBand& band) {
  const auto views = static_cast<std::int64_t>(band.views.size());
  DeviceViews result{.slab = DeviceSlab(slab), .band = DeviceBand(band), .columns = {}, .maps = {}};
  const ColumnGeometry geometry(slab, band);
  result.columns.resize(views * band.columns);
  result.maps.resize(views);
  ParallelFor(0, views, [&](std::int64_t view) {
    for (std::int64_t column = 0; column < band.columns; ++column) {
      result.columns[view * band.columns + column] =
          ColumnOf(result, geometry, slab, band, view, column);
    }
    result.maps[view] =
        MapOf(result, MapOf(band.views[view], slab), static_cast<double>(band.rows.begin));
  });
  return result;
}

std::vector<device::RayView> MakeRayViews(const Volume& slab, const ProjectionBand& band) {
  std::vector<device::RayView> result;
  for (const View& view : band.views) {
    result.push_back(RayViewOf(slab, view, DeviceSlab(slab), DeviceBand(band),
                               static_cast<double>(band.rows.begin)));
  }
  return result;
}

std::vector<device::Beam> MakeDeviceBeams(const Volume& slab, const ProjectionBand& band) {
  const auto views = static_cast<std::int64_t>(band.views.size());
  const BeamGeometry geometry(slab, band);
  std::vector<device::Beam> beams(views * band.columns);
  ParallelFor(0, views, [&](std::int64_t view) {
    for (std::int64_t column = 0; column < band.columns; ++column) {
      beams[view * band.columns + column] = BeamOf(DeviceSlab(slab), geometry.Beam(view, column));
    }
  });
  return beams;
}

std::vector<device::SubRays> MakeDeviceSubRays(const Volume& slab, const ProjectionBand& band) {
  std::vector<device::SubRays> result;
  for (const View& view : band.views) {
    const SubRays rays = SubRaysFor(slab, view);
    result.push_back({rays.columns, rays.rows});
  }
  return result;
}

DevicePath DevicePathOf(const Volume& slab, const View& view, const ProjectionBand& band) {
  if (!InFront(slab, view)) return DevicePath::kNone;
  const bool level = KindOf(slab, view, band.columns, band.rows) == ViewKind::kLevel;
  return level ? DevicePath::kColumns : DevicePath::kRays;
}

DevicePath DeviceFootprintPathOf(const Volume& slab, const View& view, const ProjectionBand& band) {
  if (!InFront(slab, view)) return DevicePath::kNone;
  const bool boxes = FootprintTakesColumns(slab, view, band.columns);
  return boxes ? DevicePath::kColumns : DevicePath::kRays;
}

bool BackprojectsVoxelsOnDevice(const Volume& slab, const View& view) {
  return IsAxisAligned(view) && InFront(slab, view);
}

}  // namespace tomoslab
