// What a rank is: host, memory.
#pragma once

#include <cstdint>
#include <string>

namespace tomoslab {

std::string HostName();
/// Memory of this machine that is free now, as the kernel estimates it (MemAvailable); 0 = unknown.
std::int64_t AvailableMemoryBytes();

}  // namespace tomoslab
