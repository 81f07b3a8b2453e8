// In builds without CUDA's compiler.
#include "worker/core/device.h"

namespace tomoslab {

absl::StatusOr<std::vector<Device>> CudaDevices() {
  return absl::FailedPreconditionError("this program was built without CUDA");
}

}  // namespace tomoslab
