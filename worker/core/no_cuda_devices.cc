// In builds without CUDA's compiler.
#include "worker/core/accelerator.h"
#include "worker/core/device.h"

namespace tomoslab {

absl::StatusOr<std::vector<Device>> CudaDevices() {
  return absl::FailedPreconditionError("this program was built without CUDA");
}

absl::StatusOr<std::unique_ptr<Accelerator>> OpenCuda(const Device&, std::int64_t) {
  return CudaDevices().status();
}

}  // namespace tomoslab
