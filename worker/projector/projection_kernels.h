// What projects on an accelerator: device_bodies.h, device_ray_bodies.h and
// device_footprint_bodies.h over whole batches of views. Pointers are to the accelerator's memory;
// `stream` is that of a queue.
#pragma once

#include "worker/projector/device_bodies.h"
#include "worker/projector/device_footprint_bodies.h"
#include "worker/projector/device_ray_bodies.h"

namespace tomoslab {

class Accelerator;

namespace device {

/// A slab and a batch of axis-aligned views of it.
struct ColumnViews {
  Slab slab;
  Band band;
  const Column* columns;  // [view][column]
  const PixelMap* maps;   // [view]
  const Beam* beams;      // [view][column]; of the footprint model only
};

/// The same for views of any orientation.
struct RayViews {
  Slab slab;
  Band band;
  VoxelSize size;
  const RayView* views;  // [view]
  const SubRays* rays;   // [view]; of the footprint model only
};

/// Lines of `width` numbers, which begin `from_pitch` and `to_pitch` numbers apart.
struct LinesOf {
  std::int64_t lines, width, from_pitch, to_pitch;
};

}  // namespace device

/// Forward: y ← A x. Back: x ← x + Aᵀ y, where y is scratch whose numbers change.
struct ProjectionKernels {
  using OfColumns = void (*)(void* stream, const device::ColumnViews& views, const float* x,
                             float* y);
  using OfColumnsBack = void (*)(void* stream, const device::ColumnViews& views, float* y,
                                 float* x);
  using OfRays = void (*)(void* stream, const device::RayViews& views, const float* x, float* y);
  using OfRaysBack = void (*)(void* stream, const device::RayViews& views, float* y, float* x);

  OfColumns project;
  OfColumnsBack backproject;
  OfRays project_rays;
  OfRaysBack backproject_rays;
  OfColumns project_boxes;
  OfColumnsBack backproject_boxes;
  OfRays project_pixels;
  OfRaysBack backproject_pixels;
  /// As BackprojectVoxels (voxel_backproject.h).
  OfColumnsBack backproject_voxel_driven;
  /// to ← to + from, line by line.
  void (*add_lines)(void* stream, const device::LinesOf& what, const float* from, float* to);
};

const ProjectionKernels& ProjectionKernelsOf(const Accelerator& accelerator);

}  // namespace tomoslab
