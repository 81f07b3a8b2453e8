// FDK's weights on an accelerator: device_fdk_bodies.h over all numbers. Pointers are to its
// memory; `stream` is that of a queue.
#pragma once

#include "worker/solvers/device_fdk_bodies.h"

namespace tomoslab {

class Accelerator;

struct FdkKernels {
  void (*weigh)(void* stream, const device::FdkWeightBody& body, std::int64_t weighted);
};

const FdkKernels& FdkKernelsOf(const Accelerator& accelerator);

}  // namespace tomoslab
