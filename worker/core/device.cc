#include "worker/core/device.h"

#include "absl/strings/str_format.h"
#include "worker/core/parallel.h"

namespace tomoslab {

std::string Device::ToString() const {
  const double gib = static_cast<double>(memory_bytes) / (1 << 30);
  const std::string threads =
      absl::StrFormat("%d thread%s", ThreadCount(), ThreadCount() == 1 ? "" : "s");
  if (kind == Kind::kCuda) return absl::StrFormat("cuda %d: %s, %.1f GiB", index, name, gib);
  if (kind == Kind::kEmulated)
    return absl::StrFormat("emulated GPU, %.1f GiB, %s (for tests)", gib, threads);
  return "cpu, " + threads;
}

absl::StatusOr<ChosenDevice> ChooseDevice(DeviceChoice choice, int local_rank) {
  if (choice == DeviceChoice::kCpu) return ChosenDevice{};
  if (choice == DeviceChoice::kEmulated)
    return ChosenDevice{EmulatedDevice(std::int64_t{1} << 30), ""};
  const absl::StatusOr<std::vector<Device>> devices = CudaDevices();
  if (devices.ok()) return ChosenDevice{(*devices)[local_rank % devices->size()], ""};
  if (choice == DeviceChoice::kCuda) return devices.status();
  return ChosenDevice{{}, std::string(devices.status().message())};
}

Device EmulatedDevice(std::int64_t memory_bytes) {
  return {Device::Kind::kEmulated, 0, "host", memory_bytes};
}

}  // namespace tomoslab
