// What polychromatic solvers do per voxel and per ray, for fields on an accelerator; the host's is
// in polychromatic_projection.h and where it is used.
#pragma once

#include "absl/types/span.h"
#include "worker/operators/field.h"
#include "worker/physics/line_integral.h"
#include "worker/solvers/device_misfit_bodies.h"

namespace tomoslab {

/// A beam model, in the accelerator's memory.
class BeamOnDevice {
 public:
  /// accelerator: outlives this. Throws DeviceMemoryError.
  BeamOnDevice(const LineIntegral& rays, Accelerator* accelerator);
  const device::BeamTable& table() const { return table_; }

 private:
  DeviceArray<float> share_, attenuation_per_mm_;
  device::BeamTable table_;
};

/// amounts ← φ(x)
void AmountsOnDevice(const Hat& hat, const Field& x, Field& amounts);
/// sum ← keep · sum + φ'(x) ∘ added; added may be `sum`.
void AddSlopesOnDevice(const Hat& hat, const Field& x, const Field& added, float keep, Field& sum);

/// p ← the line integrals of path lengths in `sets`, which become their slopes, 1/mm.
void LineIntegralsOnDevice(const BeamOnDevice& beam, absl::Span<Field> sets, Field& p);

/// How a misfit is measured, and what of it goes back.
struct DeviceMisfit {
  RayMisfit<float> of_ray;
  device::MisfitAdjoint adjoint = device::MisfitAdjoint::kSlopes;
};
/// 2 f of path lengths in `sets`, which become what device::MisfitBody says.
double MisfitOnDevice(const BeamOnDevice& beam, absl::Span<Field> sets, const Field& b,
                      const DeviceMisfit& misfit);
/// The sum of squares that 2 f is relative to.
double MisfitDataOnDevice(const Field& b, const RayMisfit<float>& of_ray);
/// set 0 ← b − p; returns ‖b − p‖².
double ResidualOnDevice(const BeamOnDevice& beam, absl::Span<Field> sets, const Field& b);

}  // namespace tomoslab
