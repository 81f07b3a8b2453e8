// Views as device_bodies.h takes them, from geometry in double.
#pragma once

#include <vector>

#include "worker/projector/device_bodies.h"
#include "worker/projector/joseph.h"

namespace tomoslab {

struct DeviceViews {
  device::Slab slab;
  device::Band band;
  std::vector<device::Column> columns;  // [view][column]
  std::vector<device::PixelMap> maps;   // [view]
};

/// band: of views that are axis aligned (IsAxisAligned), with the slab in front of their sources.
DeviceViews MakeDeviceViews(const Volume& slab, const ProjectionBand& band);

/// Whether a view's rays can be projected by device_bodies.h: axis aligned, none of them steeper
/// along z than along x and y, and the slab wholly in front of the source.
bool ProjectsOnDevice(const Volume& slab, const View& view, const ProjectionBand& band);
/// The same for the voxel-driven backprojection, which steep rays do not hinder.
bool BackprojectsVoxelsOnDevice(const Volume& slab, const View& view);

}  // namespace tomoslab
