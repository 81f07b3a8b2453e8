#include <cuda_runtime_api.h>

#include "absl/strings/str_format.h"
#include "worker/core/device.h"

namespace tomoslab {

absl::StatusOr<std::vector<Device>> CudaDevices() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver || error == cudaErrorNoDevice || count == 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("no GPU can be used here (%s); nvidia-smi should list one",
                        error == cudaSuccess ? "none is there" : cudaGetErrorString(error)));
  }
  if (error != cudaSuccess) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "GPUs cannot be counted: %s (%s)", cudaGetErrorString(error), cudaGetErrorName(error)));
  }
  std::vector<Device> devices;
  for (int index = 0; index < count; ++index) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, index) != cudaSuccess) continue;
    devices.push_back({Device::Kind::kCuda, index, properties.name,
                       static_cast<std::int64_t>(properties.totalGlobalMem)});
  }
  if (devices.empty())
    return absl::FailedPreconditionError("GPUs are there, but none tells its properties");
  return devices;
}

}  // namespace tomoslab
