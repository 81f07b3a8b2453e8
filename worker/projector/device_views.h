// Views as device_bodies.h and device_ray_bodies.h take them, from geometry in double.
#pragma once

#include <vector>

#include "worker/projector/device_bodies.h"
#include "worker/projector/device_footprint_bodies.h"
#include "worker/projector/device_ray_bodies.h"
#include "worker/projector/joseph.h"

namespace tomoslab {

device::Slab DeviceSlab(const Volume& slab);
device::Band DeviceBand(const ProjectionBand& band);

struct DeviceViews {
  device::Slab slab;
  device::Band band;
  std::vector<device::Column> columns;  // [view][column]
  std::vector<device::PixelMap> maps;   // [view]
};

/// band: of views that are axis aligned (IsAxisAligned), with the slab in front of their sources.
DeviceViews MakeDeviceViews(const Volume& slab, const ProjectionBand& band);

/// band: of any views with the slab in front of their sources.
std::vector<device::RayView> MakeRayViews(const Volume& slab, const ProjectionBand& band);

/// The beams [view][column] of the footprint model, beside MakeDeviceViews' columns.
///   band: of views that go by DevicePath::kColumns (DeviceFootprintPathOf).
std::vector<device::Beam> MakeDeviceBeams(const Volume& slab, const ProjectionBand& band);

/// The rays per pixel [view] of the footprint model, beside MakeRayViews.
std::vector<device::SubRays> MakeDeviceSubRays(const Volume& slab, const ProjectionBand& band);

/// How a device projects a view.
enum class DevicePath {
  kColumns,  // device_bodies.h: axis aligned, no ray steeper along z than along x and y
  kRays,     // device_ray_bodies.h
  kNone,     // the source stands in the slab or beside it
};
DevicePath DevicePathOf(const Volume& slab, const View& view, const ProjectionBand& band);
/// The same for the footprint model, device_footprint_bodies.h: kColumns by boxes, kRays by several
/// rays per pixel.
DevicePath DeviceFootprintPathOf(const Volume& slab, const View& view, const ProjectionBand& band);
/// Whether device_bodies.h can backproject a view voxel by voxel: axis aligned, the slab in front.
bool BackprojectsVoxelsOnDevice(const Volume& slab, const View& view);

}  // namespace tomoslab
