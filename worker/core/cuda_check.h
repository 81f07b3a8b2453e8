// CUDA's errors as exceptions; plain enough for nvcc.
#pragma once

#include <cuda_runtime_api.h>

namespace tomoslab {

/// Throws std::runtime_error with CUDA's words when a call failed: the rank's job ends with them.
/// what: "a copy to the GPU".
void CudaCheck(cudaError_t error, const char* what);

}  // namespace tomoslab
