#include "worker/core/device.h"

#include "absl/strings/str_format.h"
#include "worker/core/parallel.h"

namespace tomoslab {

std::string Device::ToString() const {
  if (kind == Kind::kCuda)
    return absl::StrFormat("cuda %d: %s, %.1f GiB", index, name,
                           static_cast<double>(memory_bytes) / (1 << 30));
  return absl::StrFormat("cpu, %d thread%s", ThreadCount(), ThreadCount() == 1 ? "" : "s");
}

absl::StatusOr<ChosenDevice> ChooseDevice(DeviceChoice choice, int local_rank) {
  if (choice == DeviceChoice::kCpu) return ChosenDevice{};
  const absl::StatusOr<std::vector<Device>> devices = CudaDevices();
  if (devices.ok()) return ChosenDevice{(*devices)[local_rank % devices->size()], ""};
  if (choice == DeviceChoice::kCuda) return devices.status();
  return ChosenDevice{{}, std::string(devices.status().message())};
}

}  // namespace tomoslab
