#include "tests/benchmarks/cuda_ceilings.h"

namespace tomoslab::benchmarks {
namespace {

constexpr int kChains = 8, kThreads = 256, kBlocksPerMultiprocessor = 8;

__global__ void FmaKernel(int rounds, float* out) {
  float value[kChains];
  for (int i = 0; i < kChains; ++i) value[i] = static_cast<float>(threadIdx.x + i);
  for (int round = 0; round < rounds; ++round) {
#pragma unroll
    for (int i = 0; i < kChains; ++i) value[i] = fmaf(value[i], 0.999f, 0.5f);
  }
  float sum = 0;
  for (int i = 0; i < kChains; ++i) sum += value[i];
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

int Blocks() {
  int device = 0, multiprocessors = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
  return multiprocessors * kBlocksPerMultiprocessor;
}

}  // namespace

std::int64_t FmaThreads() { return static_cast<std::int64_t>(Blocks()) * kThreads; }

double LaunchFmaLoop(int rounds, float* out, cudaStream_t stream) {
  FmaKernel<<<Blocks(), kThreads, 0, stream>>>(rounds, out);
  return 2.0 * kChains * rounds * static_cast<double>(FmaThreads());
}

}  // namespace tomoslab::benchmarks
