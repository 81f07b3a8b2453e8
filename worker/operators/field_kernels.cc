#include "worker/operators/field_kernels.h"

#include "worker/core/accelerator.h"
#include "worker/operators/field_kernels-inl.h"

TOMOSLAB_DECLARE_CUDA_TABLE(FieldKernels, kFieldKernels)

namespace tomoslab {

const FieldKernels& FieldKernelsOf(const Accelerator& accelerator) {
  return TOMOSLAB_PICK(accelerator, kFieldKernels);
}

}  // namespace tomoslab
