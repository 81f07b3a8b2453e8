#include "worker/operators/ramp_kernels.h"

#include "worker/core/accelerator.h"
#include "worker/operators/ramp_kernels-inl.h"

TOMOSLAB_DECLARE_CUDA_TABLE(RampKernels, kRampKernels)

namespace tomoslab {

const RampKernels& RampKernelsOf(const Accelerator& accelerator) {
  return TOMOSLAB_PICK(accelerator, kRampKernels);
}

}  // namespace tomoslab
