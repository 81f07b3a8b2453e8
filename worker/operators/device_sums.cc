#include "worker/operators/device_sums.h"

#include <vector>

namespace tomoslab {

double SumOnDevice(const Field& shape,
                   absl::FunctionRef<void(void*, const DotShape&, double*, double*)> launch) {
  constexpr auto kNumber = static_cast<std::int64_t>(sizeof(double));
  const std::int64_t inner = shape.inner_size();
  const DotShape numbers{shape.outer(), inner, DotBlocksOf(shape.outer(), shape.inner_total())};
  Accelerator& accelerator = *shape.accelerator();
  auto* scratch =
      static_cast<double*>(accelerator.Scratch((numbers.lane_sums() + inner) * kNumber));
  double* on_device = scratch + numbers.lane_sums();
  launch(accelerator.stream(Queue::kCompute), numbers, scratch, on_device);
  std::vector<double> sums(inner);
  accelerator.Download(on_device, sums.data(), {.width = inner * kNumber});
  return shape.sum()->Sum(sums, 1, shape.inner(), shape.inner_total())[0];
}

}  // namespace tomoslab
