#include "worker/solvers/polychromatic_on_device.h"

#include "worker/operators/device_sums.h"
#include "worker/solvers/polychromatic_kernels.h"

namespace tomoslab {
namespace {

const PolychromaticKernels& KernelsOf(const Field& x) {
  return PolychromaticKernelsOf(*x.accelerator());
}
void* StreamOf(const Field& x) { return x.accelerator()->stream(Queue::kCompute); }

device::MaterialSets PointersTo(absl::Span<Field> sets) {
  device::MaterialSets pointers{};
  for (std::size_t m = 0; m < sets.size(); ++m) pointers.set[m] = sets[m].device_data();
  return pointers;
}

DeviceArray<float> Upload(Accelerator* accelerator, const std::vector<float>& numbers) {
  const auto count = static_cast<std::int64_t>(numbers.size());
  DeviceArray<float> array(accelerator, count, "the beam model");
  array.Upload(numbers.data(), count);
  return array;
}

}  // namespace

BeamOnDevice::BeamOnDevice(const LineIntegral& rays, Accelerator* accelerator)
    : share_(Upload(accelerator, rays.share())),
      attenuation_per_mm_(Upload(accelerator, rays.attenuation_per_mm())),
      table_{rays.materials(), rays.energies(), share_.data(), attenuation_per_mm_.data()} {}

void AmountsOnDevice(const Hat& hat, const Field& x, Field& amounts) {
  KernelsOf(x).amounts(StreamOf(x), hat, x.device_data(), amounts.device_data(), x.size());
}

void AddSlopesOnDevice(const Hat& hat, const Field& x, const Field& added, float keep, Field& sum) {
  KernelsOf(x).add_slopes(
      StreamOf(x), {hat, x.device_data(), added.device_data(), keep, sum.device_data()}, x.size());
}

void LineIntegralsOnDevice(const BeamOnDevice& beam, absl::Span<Field> sets, Field& p) {
  KernelsOf(p).line_integrals(StreamOf(p), {beam.table(), PointersTo(sets), p.device_data()},
                              p.size());
}

double MisfitOnDevice(const BeamOnDevice& beam, absl::Span<Field> sets, const Field& b,
                      const DeviceMisfit& misfit) {
  const device::MisfitBody of_ray{beam.table(), PointersTo(sets), b.device_data(), misfit.of_ray,
                                  misfit.adjoint};
  return SumOnDevice(b, [&](void* stream, const DotShape& rays, double* lanes, double* sums) {
    KernelsOf(b).misfit(stream, rays, of_ray, lanes, sums);
  });
}

double MisfitDataOnDevice(const Field& b, const RayMisfit<float>& of_ray) {
  return SumOnDevice(b, [&](void* stream, const DotShape& rays, double* lanes, double* sums) {
    KernelsOf(b).misfit_data(stream, rays, {b.device_data(), of_ray}, lanes, sums);
  });
}

double ResidualOnDevice(const BeamOnDevice& beam, absl::Span<Field> sets, const Field& b) {
  const device::ResidualBody of_ray{beam.table(), PointersTo(sets), b.device_data()};
  return SumOnDevice(b, [&](void* stream, const DotShape& rays, double* lanes, double* sums) {
    KernelsOf(b).residual(stream, rays, of_ray, lanes, sums);
  });
}

}  // namespace tomoslab
