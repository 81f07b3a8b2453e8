// Memory of a GPU, and copies to and from it. Errors of CUDA become Status where memory is asked
// for; later ones, which no caller can mend, end the rank with their words (CudaCheck).
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tomoslab {

/// Throws std::runtime_error with CUDA's words when a call failed: the rank's job ends with them.
void CudaCheck(cudaError_t error, const char* what);

/// Frees what cudaMalloc or cudaMallocHost gave.
struct CudaFree {
  void operator()(void* memory) const { cudaFree(memory); }
};
struct CudaFreeHost {
  void operator()(void* memory) const { cudaFreeHost(memory); }
};

/// `bytes` of the current GPU. ResourceExhausted says how many are free; `what`: "the slab".
absl::StatusOr<void*> CudaAllocate(std::int64_t bytes, const char* what);

/// Numbers or records on the current GPU; contents undefined at first.
template <class T>
class DeviceArray {
 public:
  static absl::StatusOr<DeviceArray> Create(std::int64_t count, const char* what) {
    absl::StatusOr<void*> memory = CudaAllocate(count * static_cast<std::int64_t>(sizeof(T)), what);
    if (!memory.ok()) return memory.status();
    DeviceArray array;
    array.memory_.reset(static_cast<T*>(*memory));
    return array;
  }
  T* data() const { return memory_.get(); }

 private:
  std::unique_ptr<T, CudaFree> memory_;
};

/// Copies between pageable host memory and the GPU through two halves of pinned memory: one half
/// travels while the other is filled or emptied by the rank's threads. In the order of `stream`.
class StagedCopies {
 public:
  static absl::StatusOr<StagedCopies> Create(cudaStream_t stream);
  void ToDevice(const float* host, std::int64_t count, float* device);
  /// Waits until the numbers are there.
  void ToHost(const float* device, std::int64_t count, float* host);

 private:
  static constexpr std::int64_t kHalf = 8 << 20;  // numbers
  struct DestroyEvent {
    void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
  };
  float* half(int which) const { return pinned_.get() + which * kHalf; }

  cudaStream_t stream_ = nullptr;
  std::unique_ptr<float, CudaFreeHost> pinned_;
  std::unique_ptr<CUevent_st, DestroyEvent> done_[2];
};

}  // namespace tomoslab
