// ForEach on a GPU (worker/core/launch.h).
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "worker/core/cuda_check.h"

namespace tomoslab::cuda {

template <class Body>
__global__ void __launch_bounds__(256) ForEachKernel(std::int64_t count, Body body) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += step)
    body(i);
}

template <class Body>
void ForEachOn(void* stream, std::int64_t count, unsigned threads, const Body& body) {
  if (count == 0) return;
  constexpr std::int64_t kMostBlocks = std::int64_t{1} << 30;
  const std::int64_t blocks = (count + threads - 1) / threads;
  ForEachKernel<<<static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks), threads, 0,
                  static_cast<cudaStream_t>(stream)>>>(count, body);
  CudaCheck(cudaGetLastError(), "a kernel's launch");
}

/// body(i) for i in [0, count): neighbouring threads take neighbouring i.
template <class Body>
void ForEach(void* stream, std::int64_t count, const Body& body) {
  ForEachOn(stream, count, 256, body);
}

/// For bodies of much work each.
template <class Body>
void ForEachLong(void* stream, std::int64_t count, const Body& body) {
  ForEachOn(stream, count, 128, body);
}

}  // namespace tomoslab::cuda
