#include "worker/core/launch.h"
#include "worker/operators/ramp_kernels.h"

namespace tomoslab::TOMOSLAB_LAUNCH {
namespace {

void Pad(void* stream, const device::PadLinesBody& body, std::int64_t padded_columns) {
  ForEach(stream, padded_columns * body.group.count, body);
}
void Filter(void* stream, const device::FilterLinesBody& body, std::int64_t frequencies) {
  ForEach(stream, frequencies * body.lines, body);
}
void Unpad(void* stream, const device::UnpadLinesBody& body) {
  ForEach(stream, body.group.columns * body.group.count, body);
}

}  // namespace

extern const RampKernels kRampKernels;
const RampKernels kRampKernels = {Pad, Filter, Unpad};

}  // namespace tomoslab::TOMOSLAB_LAUNCH
