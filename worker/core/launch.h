// Kernels that exist once and run on a GPU or on the host. A room writes its kernels in
// NAME_kernels-inl.h, within namespace TOMOSLAB_LAUNCH, from ForEach and from functors whose call
// operator is TOMOSLAB_HOST_DEVICE, and ends with one constant table of their addresses. Both
// NAME_kernels.cu (the GPU's) and NAME_kernels.cc (the emulated device's, and the function that
// picks a table by TOMOSLAB_PICK) include it; CMake's tomoslab_kernels builds both. Plain C++17;
// nothing of the standard library that allocates or throws.
#pragma once

#include <cstdint>

#include "worker/core/host_device.h"

/// The table of this name for an accelerator. Where there is CUDA, the .cc declares the .cu's by
/// TOMOSLAB_DECLARE_CUDA_TABLE.
#ifdef TOMOSLAB_HAVE_CUDA
#define TOMOSLAB_DECLARE_CUDA_TABLE(Type, name) \
  namespace tomoslab::cuda {                    \
  extern const Type name;                       \
  }
#define TOMOSLAB_PICK(accelerator, name) ((accelerator).is_cuda() ? cuda::name : emulated::name)
#else
#define TOMOSLAB_DECLARE_CUDA_TABLE(Type, name)
#define TOMOSLAB_PICK(accelerator, name) (static_cast<void>(accelerator), emulated::name)
#endif

#ifdef __CUDACC__
#include "worker/core/launch.cuh"
#define TOMOSLAB_LAUNCH cuda
#else
#include "worker/core/parallel.h"
#define TOMOSLAB_LAUNCH emulated

namespace tomoslab::emulated {

/// body(i) for i in [0, count), in any order and all at once; `stream` is ignored.
template <class Body>
void ForEach(void* /*stream*/, std::int64_t count, const Body& body) {
  ParallelChunks(count, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(i);
  });
}

/// For bodies of much work each.
template <class Body>
void ForEachLong(void* /*stream*/, std::int64_t count, const Body& body) {
  constexpr std::int64_t kBlock = 64;
  ParallelFor(0, (count + kBlock - 1) / kBlock, [&](std::int64_t block) {
    for (std::int64_t i = block * kBlock; i < count && i < (block + 1) * kBlock; ++i) body(i);
  });
}

}  // namespace tomoslab::emulated
#endif
