#include "worker/solvers/fdk_kernels.h"

#include "worker/core/accelerator.h"
#include "worker/solvers/fdk_kernels-inl.h"

TOMOSLAB_DECLARE_CUDA_TABLE(FdkKernels, kFdkKernels)

namespace tomoslab {

const FdkKernels& FdkKernelsOf(const Accelerator& accelerator) {
  return TOMOSLAB_PICK(accelerator, kFdkKernels);
}

}  // namespace tomoslab
