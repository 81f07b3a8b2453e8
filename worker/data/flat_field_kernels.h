// The flat-field correction on an accelerator: device_flat_field_bodies.h over a batch of lines.
// Pointers are to its memory; `stream` is that of a queue.
#pragma once

#include "worker/data/device_flat_field_bodies.h"

namespace tomoslab {

class Accelerator;

struct FlatFieldKernels {
  void (*of_uint8)(void* stream, const device::CorrectBody<std::uint8_t>& body);
  void (*of_uint16)(void* stream, const device::CorrectBody<std::uint16_t>& body);
  void (*of_float)(void* stream, const device::CorrectBody<float>& body);
  void (*finish_lines)(void* stream, const device::FinishLineBody& body, std::int64_t lines);
};

const FlatFieldKernels& FlatFieldKernelsOf(const Accelerator& accelerator);

}  // namespace tomoslab
