#include "worker/projector/cuda_kernels.h"

namespace tomoslab::device {
namespace {

// A warp runs along z: its threads read neighbouring voxels of a voxel column, or neighbouring rows
// of a detector column. A thread computes kAtOnce of them a warp apart, and so shares what belongs
// to the column among them.
constexpr int kWarp = 32, kAtOnce = 4, kAlongZ = kWarp * kAtOnce;
constexpr int kWarps = 4;      // neighbouring columns of a block
constexpr int kThreads = 256;  // of a block where each thread has one pixel

unsigned DivideUp(std::int64_t count, int by) {
  return static_cast<unsigned>((count + by - 1) / by);
}

__global__ void __launch_bounds__(kWarp* kWarps)
    ProjectKernel(Slab slab, const float* x, Views views, float* y) {
  const Band& band = views.band;
  const std::int64_t line = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.y;
  if (line >= static_cast<std::int64_t>(band.views) * band.columns) return;
  const int row = static_cast<int>(blockIdx.y) * kAlongZ + static_cast<int>(threadIdx.x);
  float sums[kAtOnce];
  ProjectRays<kAtOnce>(slab, x, band, views.columns[line], row, kWarp, sums);
  float* out = y + line * band.rows;
  for (int i = 0; i < kAtOnce; ++i) {
    if (row + i * kWarp < band.rows) out[row + i * kWarp] = sums[i];
  }
}

__global__ void ScaleByLengthKernel(Views views, float* y) {
  const Band& band = views.band;
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= band.Offset(band.views, 0)) return;
  y[i] *= LengthMm(views.columns[i / band.rows], static_cast<int>(i % band.rows) - band.middle_row);
}

/// One warp's voxels: column (ix, iy), slices iz + i · kWarp.
struct Voxels {
  int ix, iy, iz;

  __device__ explicit Voxels(const Slab& slab)
      : ix(static_cast<int>(blockIdx.x) * kWarps + static_cast<int>(threadIdx.y)),
        iy(static_cast<int>(blockIdx.y)),
        iz(static_cast<int>(blockIdx.z) * kAlongZ + static_cast<int>(threadIdx.x)) {}
  __device__ void Add(const Slab& slab, const float* sums, float* x) const {
    float* line = x + (static_cast<std::int64_t>(iy) * slab.columns + ix) * slab.slices;
    for (int i = 0; i < kAtOnce; ++i) {
      if (iz + i * kWarp < slab.slices) line[iz + i * kWarp] += sums[i];
    }
  }
};

__global__ void __launch_bounds__(kWarp* kWarps)
    BackprojectKernel(Slab slab, Views views, const float* y, float* x) {
  const Voxels voxels(slab);
  if (voxels.ix >= slab.columns) return;
  float sums[kAtOnce] = {};
  BackprojectVoxels<kAtOnce>(slab, views.band, views.columns, views.maps, y, voxels.ix, voxels.iy,
                             voxels.iz, kWarp, sums);
  voxels.Add(slab, sums, x);
}

__global__ void __launch_bounds__(kWarp* kWarps)
    VoxelDrivenKernel(Slab slab, Views views, const float* y, float* x) {
  const Voxels voxels(slab);
  if (voxels.ix >= slab.columns) return;
  float sums[kAtOnce] = {};
  BackprojectVoxelDriven<kAtOnce>(slab, views.band, views.maps, y, voxels.ix, voxels.iy, voxels.iz,
                                  kWarp, sums);
  voxels.Add(slab, sums, x);
}

/// One pixel of a view.
struct Pixel {
  int view, row, column;
  std::int64_t offset;

  __device__ Pixel(const Band& band, std::int64_t i)
      : view(static_cast<int>(i / band.rows / band.columns)),
        row(static_cast<int>(i % band.rows) - band.middle_row),
        column(static_cast<int>(i / band.rows % band.columns) - band.middle_column),
        offset(i) {}
};

__global__ void ProjectRaysKernel(Slab slab, const float* x, RayViews views, float* y) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= views.band.Offset(views.band.views, 0)) return;
  const Pixel pixel(views.band, i);
  y[i] = ProjectRay(slab, views.size, x, views.views[pixel.view], static_cast<float>(pixel.row),
                    static_cast<float>(pixel.column));
}

__global__ void ScaleRaysByLengthKernel(RayViews views, float* y) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= views.band.Offset(views.band.views, 0)) return;
  const Pixel pixel(views.band, i);
  y[i] *= LengthMm(RayOf(views.views[pixel.view], static_cast<float>(pixel.row),
                         static_cast<float>(pixel.column)),
                   views.size);
}

__global__ void __launch_bounds__(kWarp* kWarps)
    BackprojectRaysKernel(Slab slab, RayViews views, const float* y, float* x) {
  const int ix = static_cast<int>(blockIdx.x) * kWarps + static_cast<int>(threadIdx.y);
  const int iy = static_cast<int>(blockIdx.y);
  const int iz = static_cast<int>(blockIdx.z) * kWarp + static_cast<int>(threadIdx.x);
  if (ix >= slab.columns || iz >= slab.slices) return;
  x[(static_cast<std::int64_t>(iy) * slab.columns + ix) * slab.slices + iz] +=
      BackprojectVoxel(slab, views.band, views.views, y, ix, iy, iz);
}

dim3 VoxelGrid(const Slab& slab) {
  return {DivideUp(slab.columns, kWarps), static_cast<unsigned>(slab.rows),
          DivideUp(slab.slices, kAlongZ)};
}

}  // namespace

void LaunchProject(const Slab& slab, const float* x, const Views& views, float* y,
                   cudaStream_t stream) {
  const std::int64_t lines = static_cast<std::int64_t>(views.band.views) * views.band.columns;
  const dim3 grid(DivideUp(lines, kWarps), DivideUp(views.band.rows, kAlongZ));
  ProjectKernel<<<grid, dim3(kWarp, kWarps), 0, stream>>>(slab, x, views, y);
}

void LaunchBackproject(const Slab& slab, const Views& views, float* y, float* x,
                       cudaStream_t stream) {
  const std::int64_t count = views.band.Offset(views.band.views, 0);
  ScaleByLengthKernel<<<DivideUp(count, kThreads), kThreads, 0, stream>>>(views, y);
  BackprojectKernel<<<VoxelGrid(slab), dim3(kWarp, kWarps), 0, stream>>>(slab, views, y, x);
}

void LaunchProjectRays(const Slab& slab, const float* x, const RayViews& views, float* y,
                       cudaStream_t stream) {
  const std::int64_t count = views.band.Offset(views.band.views, 0);
  ProjectRaysKernel<<<DivideUp(count, kThreads), kThreads, 0, stream>>>(slab, x, views, y);
}

void LaunchBackprojectRays(const Slab& slab, const RayViews& views, float* y, float* x,
                           cudaStream_t stream) {
  const std::int64_t count = views.band.Offset(views.band.views, 0);
  ScaleRaysByLengthKernel<<<DivideUp(count, kThreads), kThreads, 0, stream>>>(views, y);
  const dim3 grid(DivideUp(slab.columns, kWarps), static_cast<unsigned>(slab.rows),
                  DivideUp(slab.slices, kWarp));
  BackprojectRaysKernel<<<grid, dim3(kWarp, kWarps), 0, stream>>>(slab, views, y, x);
}

void LaunchBackprojectVoxelDriven(const Slab& slab, const Views& views, const float* y, float* x,
                                  cudaStream_t stream) {
  VoxelDrivenKernel<<<VoxelGrid(slab), dim3(kWarp, kWarps), 0, stream>>>(slab, views, y, x);
}

}  // namespace tomoslab::device
