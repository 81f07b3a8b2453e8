// What polychromatic solvers do per voxel and per ray, on an accelerator. Pointers are to its
// memory; `stream` is that of a queue.
#pragma once

#include "worker/operators/field_kernels.h"
#include "worker/solvers/device_misfit_bodies.h"

namespace tomoslab {

struct PolychromaticKernels {
  /// amounts ← φ(x)
  void (*amounts)(void* stream, const Hat& hat, const float* x, float* amounts,
                  std::int64_t voxels);
  void (*add_slopes)(void* stream, const device::AddSlopeBody& of_voxel, std::int64_t voxels);
  void (*line_integrals)(void* stream, const device::LineIntegralBody& of_ray, std::int64_t rays);
  /// sums[0 .. inner) ← Σ over the outer index of what the ray gives, as FieldKernels::dot.
  void (*misfit)(void* stream, const DotShape& rays, const device::MisfitBody& of_ray,
                 double* lane_sums, double* sums);
  void (*misfit_data)(void* stream, const DotShape& rays, const device::MisfitDataBody& of_ray,
                      double* lane_sums, double* sums);
  void (*residual)(void* stream, const DotShape& rays, const device::ResidualBody& of_ray,
                   double* lane_sums, double* sums);
};

const PolychromaticKernels& PolychromaticKernelsOf(const Accelerator& accelerator);

}  // namespace tomoslab
