#include "worker/data/flat_field_kernels.h"

#include "worker/core/accelerator.h"
#include "worker/data/flat_field_kernels-inl.h"

TOMOSLAB_DECLARE_CUDA_TABLE(FlatFieldKernels, kFlatFieldKernels)

namespace tomoslab {

const FlatFieldKernels& FlatFieldKernelsOf(const Accelerator& accelerator) {
  return TOMOSLAB_PICK(accelerator, kFlatFieldKernels);
}

}  // namespace tomoslab
