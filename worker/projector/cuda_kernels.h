// Launches of the kernels over device_bodies.h and device_ray_bodies.h; pointers are to memory of
// the current GPU.
#pragma once

#include <cuda_runtime_api.h>

#include "worker/projector/device_bodies.h"
#include "worker/projector/device_ray_bodies.h"

namespace tomoslab::device {

/// A batch of views on the GPU.
struct Views {
  Band band;
  const Column* columns;  // [view][column]
  const PixelMap* maps;   // [view]
};

/// The same for views of any orientation.
struct RayViews {
  Band band;
  VoxelSize size;
  const RayView* views;  // [view]
};

/// y ← A x
void LaunchProject(const Slab& slab, const float* x, const Views& views, float* y,
                   cudaStream_t stream);
/// x ← x + Aᵀ y; y: scratch, its numbers are changed.
void LaunchBackproject(const Slab& slab, const Views& views, float* y, float* x,
                       cudaStream_t stream);
/// The same pair ray by ray.
void LaunchProjectRays(const Slab& slab, const float* x, const RayViews& views, float* y,
                       cudaStream_t stream);
void LaunchBackprojectRays(const Slab& slab, const RayViews& views, float* y, float* x,
                           cudaStream_t stream);
/// As BackprojectVoxels (voxel_backproject.h).
void LaunchBackprojectVoxelDriven(const Slab& slab, const Views& views, const float* y, float* x,
                                  cudaStream_t stream);

}  // namespace tomoslab::device
