// The scans that the benchmarks project.
#pragma once

#include <numbers>

#include "worker/geometry/scan.h"
#include "worker/geometry/volume.h"

namespace tomoslab::benchmarks {

/// size³ voxels, size² pixels, views over 360°.
struct Case {
  Beam beam;
  int size, views;
};

/// Magnification 2 in cone beam, the source 4 volume widths from the axis; pixels as large as
/// voxels where they meet at the axis.
inline Scan ScanOf(const Case& c) {
  CircularOrbit orbit;
  orbit.beam = c.beam;
  orbit.source_object_distance_mm = 4 * c.size;
  orbit.source_detector_distance_mm = 8 * c.size;
  for (int view = 0; view < c.views; ++view) {
    orbit.angle_rad.push_back(2 * std::numbers::pi * view / c.views);
  }
  const double pixel = c.beam == Beam::kCone ? 2 : 1;
  return *MakeCircularScan(
      {.rows = c.size, .columns = c.size, .pixel_width_mm = pixel, .pixel_height_mm = pixel},
      orbit);
}

inline Volume VolumeOf(const Case& c) {
  return {.columns = c.size,
          .rows = c.size,
          .slices = c.size,
          .voxel_width_mm = 1,
          .voxel_height_mm = 1,
          .center_mm = {}};
}

/// Voxels times views.
inline double Updates(const Case& c) {
  return static_cast<double>(c.size) * c.size * c.size * c.views;
}

}  // namespace tomoslab::benchmarks
