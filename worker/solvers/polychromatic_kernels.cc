#include "worker/solvers/polychromatic_kernels.h"

#include "worker/core/accelerator.h"
#include "worker/solvers/polychromatic_kernels-inl.h"

TOMOSLAB_DECLARE_CUDA_TABLE(PolychromaticKernels, kPolychromaticKernels)

namespace tomoslab {

const PolychromaticKernels& PolychromaticKernelsOf(const Accelerator& accelerator) {
  return TOMOSLAB_PICK(accelerator, kPolychromaticKernels);
}

}  // namespace tomoslab
