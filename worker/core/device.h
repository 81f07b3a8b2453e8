// What a rank computes on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tomoslab {

struct Device {
  enum class Kind {
    kCpu,
    kEmulated,  // the GPU's code compiled for the host, in host memory: for tests, and slow
    kCuda
  };
  Kind kind = Kind::kCpu;
  int index = 0;                  // among this host's GPUs
  std::string name;               // of a GPU
  std::int64_t memory_bytes = 0;  // of a GPU, all of it

  bool is_cpu() const { return kind == Kind::kCpu; }
  /// "cpu, 2 threads" or "cuda 0: NVIDIA H100, 79.2 GiB"
  std::string ToString() const;
};

/// This host's GPUs. FailedPrecondition when there are none to be had, and why: built without CUDA,
/// no driver, no device.
absl::StatusOr<std::vector<Device>> CudaDevices();

enum class DeviceChoice { kAuto, kCpu, kEmulated, kCuda };

struct ChosenDevice {
  Device device;
  std::string why;  // auto chose the CPU; empty otherwise
};

/// local_rank: this rank's number among those of its host; they take the GPUs in turns. kAuto takes
/// a GPU where there is one; kCuda fails as CudaDevices where there is none.
absl::StatusOr<ChosenDevice> ChooseDevice(DeviceChoice choice, int local_rank);

/// A GPU of host memory, for tests.
Device EmulatedDevice(std::int64_t memory_bytes);

}  // namespace tomoslab
