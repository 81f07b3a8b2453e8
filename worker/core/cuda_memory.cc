#include "worker/core/cuda_memory.h"

#include <algorithm>
#include <stdexcept>

#include "absl/strings/str_format.h"
#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

double Gib(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

void CopyOnThreads(const float* from, std::int64_t count, float* to) {
  ParallelChunks(count, [&](std::int64_t begin, std::int64_t end) {
    std::copy(from + begin, from + end, to + begin);
  });
}

}  // namespace

void CudaCheck(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  throw std::runtime_error(absl::StrFormat("the GPU failed in %s: %s (%s)", what,
                                           cudaGetErrorString(error), cudaGetErrorName(error)));
}

absl::StatusOr<void*> CudaAllocate(std::int64_t bytes, const char* what) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, static_cast<std::size_t>(bytes));
  if (error == cudaSuccess) return memory;
  cudaGetLastError();  // forgets it
  std::size_t free = 0, total = 0;
  cudaMemGetInfo(&free, &total);
  return absl::ResourceExhaustedError(absl::StrFormat(
      "%s needs %.2f GiB of GPU memory, and %.2f of %.2f GiB are free (%s); use more ranks, larger "
      "voxels, or --device=cpu",
      what, Gib(static_cast<std::size_t>(bytes)), Gib(free), Gib(total),
      cudaGetErrorString(error)));
}

absl::StatusOr<StagedCopies> StagedCopies::Create(cudaStream_t stream) {
  StagedCopies copies;
  copies.stream_ = stream;
  void* memory = nullptr;
  const std::size_t bytes = 2 * kHalf * sizeof(float);
  if (cudaMallocHost(&memory, bytes) != cudaSuccess) {
    cudaGetLastError();
    return absl::ResourceExhaustedError(
        absl::StrFormat("%.2f GiB of host memory cannot be pinned for copies to the GPU; raise "
                        "the limit of locked memory (ulimit -l), or use --device=cpu",
                        Gib(bytes)));
  }
  copies.pinned_.reset(static_cast<float*>(memory));
  for (auto& done : copies.done_) {
    cudaEvent_t event;
    CudaCheck(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreate");
    done.reset(event);
  }
  return copies;
}

void StagedCopies::ToDevice(const float* host, std::int64_t count, float* device) {
  int which = 0;
  for (std::int64_t begin = 0; begin < count; begin += kHalf, which = 1 - which) {
    const std::int64_t numbers = std::min(kHalf, count - begin);
    CudaCheck(cudaEventSynchronize(done_[which].get()), "a copy to the GPU");
    CopyOnThreads(host + begin, numbers, half(which));
    CudaCheck(cudaMemcpyAsync(device + begin, half(which), numbers * sizeof(float),
                              cudaMemcpyHostToDevice, stream_),
              "a copy to the GPU");
    CudaCheck(cudaEventRecord(done_[which].get(), stream_), "a copy to the GPU");
  }
}

void StagedCopies::ToHost(const float* device, std::int64_t count, float* host) {
  const std::int64_t halves = (count + kHalf - 1) / kHalf;
  const auto numbers = [&](std::int64_t k) { return std::min(kHalf, count - k * kHalf); };
  for (std::int64_t k = 0; k <= halves; ++k) {
    if (k < halves) {
      const int which = static_cast<int>(k % 2);
      // What travelled to the GPU through this half before has left it.
      CudaCheck(cudaEventSynchronize(done_[which].get()), "a copy to the GPU");
      CudaCheck(cudaMemcpyAsync(half(which), device + k * kHalf, numbers(k) * sizeof(float),
                                cudaMemcpyDeviceToHost, stream_),
                "a copy from the GPU");
      CudaCheck(cudaEventRecord(done_[which].get(), stream_), "a copy from the GPU");
    }
    if (k > 0) {
      const int which = static_cast<int>((k - 1) % 2);
      CudaCheck(cudaEventSynchronize(done_[which].get()), "a copy from the GPU");
      CopyOnThreads(half(which), numbers(k - 1), host + (k - 1) * kHalf);
    }
  }
}

}  // namespace tomoslab
