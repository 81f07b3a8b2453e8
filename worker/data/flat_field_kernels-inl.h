#include "worker/core/launch.h"
#include "worker/data/flat_field_kernels.h"

namespace tomoslab::TOMOSLAB_LAUNCH {
namespace {

template <class Sample>
void Correct(void* stream, const device::CorrectBody<Sample>& body) {
  ForEach(stream, body.parts, body);
}
void FinishLines(void* stream, const device::FinishLineBody& body, std::int64_t lines) {
  ForEach(stream, lines, body);
}

}  // namespace

extern const FlatFieldKernels kFlatFieldKernels;
const FlatFieldKernels kFlatFieldKernels = {Correct<std::uint8_t>, Correct<std::uint16_t>,
                                            Correct<float>, FinishLines};

}  // namespace tomoslab::TOMOSLAB_LAUNCH
