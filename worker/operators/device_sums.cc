#include "worker/operators/device_sums.h"

#include <vector>

namespace tomoslab {

void SumPerInnerOnDevice(const Field& shape,
                         absl::FunctionRef<void(void*, const DotShape&, double*, double*)> launch,
                         double* sums) {
  const std::int64_t inner = shape.inner_size();
  const DotShape numbers{shape.outer(), inner, DotBlocksOf(shape.outer(), shape.inner_total())};
  Accelerator& accelerator = *shape.accelerator();
  auto* scratch =
      static_cast<double*>(accelerator.Scratch(BytesOf<double>(numbers.lane_sums() + inner)));
  double* on_device = scratch + numbers.lane_sums();
  launch(accelerator.stream(Queue::kCompute), numbers, scratch, on_device);
  accelerator.Download(on_device, sums, {.width = BytesOf<double>(inner)});
}

double SumOnDevice(const Field& shape,
                   absl::FunctionRef<void(void*, const DotShape&, double*, double*)> launch) {
  std::vector<double> sums(shape.inner_size());
  SumPerInnerOnDevice(shape, launch, sums.data());
  return shape.sum()->Sum(sums, 1, shape.inner(), shape.inner_total())[0];
}

}  // namespace tomoslab
