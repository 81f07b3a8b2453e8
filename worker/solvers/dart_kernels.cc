#include "worker/solvers/dart_kernels.h"

#include "worker/core/accelerator.h"
#include "worker/solvers/dart_kernels-inl.h"

TOMOSLAB_DECLARE_CUDA_TABLE(DartKernels, kDartKernels)

namespace tomoslab {

const DartKernels& DartKernelsOf(const Accelerator& accelerator) {
  return TOMOSLAB_PICK(accelerator, kDartKernels);
}

}  // namespace tomoslab
