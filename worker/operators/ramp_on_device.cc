#include "worker/operators/ramp_on_device.h"

#include <algorithm>
#include <memory>

#include "worker/core/status.h"
#include "worker/operators/line_transform.h"
#include "worker/operators/ramp_kernels.h"
#include "worker/plan/memory_plan.h"

namespace tomoslab {
namespace {

/// Lines of a group: as many as fit, in whole warps.
std::int64_t LinesOfGroup(std::int64_t padded_columns, std::int64_t lines) {
  constexpr std::int64_t kWarp = 32;
  const std::int64_t of_line = BytesOf<float>(2 * padded_columns + 2);
  const std::int64_t fit = std::max(kWarp, kRampGroupBytes / of_line / kWarp * kWarp);
  return std::min(fit, lines);
}

}  // namespace

absl::Status FilterOnDevice(const RampShape& shape, const std::vector<float>& response,
                            Field& projections) {
  Accelerator* accelerator = projections.accelerator();
  const RampKernels& kernels = RampKernelsOf(*accelerator);
  void* stream = accelerator->stream(Queue::kCompute);
  const std::int64_t total = projections.size() / shape.columns;
  if (total == 0) return absl::OkStatus();
  const LineTransformShape of_group{shape.padded_columns,
                                    LinesOfGroup(shape.padded_columns, total)};
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<LineTransform> transform,
                            MakeLineTransform(accelerator, of_group));
  constexpr char kWhat[] = "the filter's padded lines";
  DeviceArray<float> padded(accelerator, of_group.length * of_group.lines, kWhat);
  DeviceArray<float> spectrum(accelerator, 2 * of_group.frequencies() * of_group.lines, kWhat);
  DeviceArray<float> factors(accelerator, of_group.frequencies(), "the filter");
  factors.Upload(response.data(), of_group.frequencies());
  for (std::int64_t first = 0; first < total; first += of_group.lines) {
    const device::LineGroup group{shape.columns, projections.inner_size(), total, first,
                                  of_group.lines};
    kernels.pad(stream, {group, projections.device_data(), padded.data()}, of_group.length);
    transform->Forward(padded.data(), spectrum.data());
    kernels.filter(stream, {of_group.lines, factors.data(), spectrum.data()},
                   of_group.frequencies());
    transform->Backward(spectrum.data(), padded.data());
    kernels.unpad(stream, {group, padded.data(), projections.device_data()});
  }
  accelerator->Wait(Queue::kCompute);  // it works in what is let go
  return absl::OkStatus();
}

}  // namespace tomoslab
