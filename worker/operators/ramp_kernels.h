// The ramp filter on an accelerator, beside its transforms: device_ramp_bodies.h over all numbers.
// Pointers are to its memory; `stream` is that of a queue.
#pragma once

#include "worker/operators/device_ramp_bodies.h"

namespace tomoslab {

class Accelerator;

struct RampKernels {
  void (*pad)(void* stream, const device::PadLinesBody& body, std::int64_t padded_columns);
  void (*filter)(void* stream, const device::FilterLinesBody& body, std::int64_t frequencies);
  void (*unpad)(void* stream, const device::UnpadLinesBody& body);
};

const RampKernels& RampKernelsOf(const Accelerator& accelerator);

}  // namespace tomoslab
