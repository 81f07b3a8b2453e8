// What this machine can do at most, measured in the same run as the kernels.
#pragma once

#include <cstdint>

namespace tomoslab::benchmarks {

/// Adds and multiplies in registers, on all threads; returns the floating-point operations done.
double RunFmaLoop(std::int64_t rounds);

/// to[i] = from[i] on all threads.
void StreamCopy(const float* from, std::int64_t count, float* to);

}  // namespace tomoslab::benchmarks
