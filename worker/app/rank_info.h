// What a rank is: host, memory.
#pragma once

#include <cstdint>
#include <string>

#include "tomoslab/v1/job.pb.h"
#include "worker/core/accelerator.h"

namespace tomoslab {

std::string HostName();
/// device and device_limit_bytes; accelerator: nullptr = the CPU.
/// What this process takes now.
v1::RankUsage UsageOf(int rank, std::int64_t device_bytes);
void SetDevice(const Accelerator* accelerator, v1::RankReport* report);
/// Memory of this machine that is free now, as the kernel estimates it (MemAvailable); 0 = unknown.
std::int64_t AvailableMemoryBytes();

}  // namespace tomoslab
