// What this GPU can do at most, measured in the same run as the kernels.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace tomoslab::benchmarks {

/// Adds and multiplies in registers, `rounds` times on every thread the GPU can hold; returns the
/// floating-point operations launched.
double LaunchFmaLoop(int rounds, float* out, cudaStream_t stream);
/// Threads that LaunchFmaLoop uses: so many numbers `out` must have room for.
std::int64_t FmaThreads();

}  // namespace tomoslab::benchmarks
