// What one GPU thread computes of a polychromatic misfit, worker/solvers/polychromatic_objective.h
// and poly_sirt.h, as plain functors that the host can call too. Each returns the ray's share of a
// sum of squares; worker/operators/dot_kernels-inl.h adds them in the order of the CPU.
#pragma once

#include "worker/physics/device_beam_bodies.h"
#include "worker/solvers/ray_misfit.h"

namespace tomoslab::device {

/// How the gradient goes back: by every material's slopes, or by ∂f/∂p alone in the first set.
enum class MisfitAdjoint { kSlopes, kLinear };

/// 2 f's share of a ray; leaves ∂f/∂P_m, or ∂f/∂p in the first set, in place of the path lengths.
struct MisfitBody {
  BeamTable beam;
  MaterialSets sets;
  const float* b;
  RayMisfit<float> misfit;
  MisfitAdjoint adjoint;

  TOMOSLAB_HOST_DEVICE double operator()(std::int64_t ray) const {
    RayIntegral integral;
    integral.Read(beam, sets, ray);
    const auto [residual, slope] = misfit.Compare(integral.Evaluate(beam), b[ray]);
    if (adjoint == MisfitAdjoint::kLinear) {
      sets.set[0][ray] = slope;
    } else {
      for (int m = 0; m < kMostMaterials; ++m) {
        if (m < beam.materials) sets.set[m][ray] = integral.slope_per_mm[m] * slope;
      }
    }
    return static_cast<double>(residual) * static_cast<double>(residual);
  }
};

/// The square of what the ray's residual is relative to.
struct MisfitDataBody {
  const float* b;
  RayMisfit<float> misfit;

  TOMOSLAB_HOST_DEVICE double operator()(std::int64_t ray) const {
    const float data = misfit.OfData(b[ray]);
    return static_cast<double>(data) * static_cast<double>(data);
  }
};

/// (b − p)², and set(0) ← b − p.
struct ResidualBody {
  BeamTable beam;
  MaterialSets sets;
  const float* b;

  TOMOSLAB_HOST_DEVICE double operator()(std::int64_t ray) const {
    RayIntegral integral;
    integral.Read(beam, sets, ray);
    const float residual = b[ray] - integral.Evaluate(beam);
    sets.set[0][ray] = residual;
    return static_cast<double>(residual) * static_cast<double>(residual);
  }
};

}  // namespace tomoslab::device
