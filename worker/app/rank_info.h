// What a rank is: host, device, memory.
#pragma once

#include <cstdint>
#include <string>

namespace tomoslab {

std::string HostName();
/// "cpu, 2 threads"
std::string DeviceName();
/// Memory of this machine that is free now, as the kernel estimates it (MemAvailable); 0 = unknown.
std::int64_t AvailableMemoryBytes();

}  // namespace tomoslab
