#include "worker/projector/projection_kernels.h"

#include "worker/core/accelerator.h"
#include "worker/projector/projection_kernels-inl.h"

TOMOSLAB_DECLARE_CUDA_TABLE(ProjectionKernels, kProjectionKernels)

namespace tomoslab {

const ProjectionKernels& ProjectionKernelsOf(const Accelerator& accelerator) {
  return TOMOSLAB_PICK(accelerator, kProjectionKernels);
}

}  // namespace tomoslab
