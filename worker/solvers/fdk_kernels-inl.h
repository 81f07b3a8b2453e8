#include "worker/core/launch.h"
#include "worker/solvers/fdk_kernels.h"

namespace tomoslab::TOMOSLAB_LAUNCH {
namespace {

void Weigh(void* stream, const device::FdkWeightBody& body, std::int64_t weighted) {
  ForEach(stream, weighted, body);
}

}  // namespace

extern const FdkKernels kFdkKernels;
const FdkKernels kFdkKernels = {Weigh};

}  // namespace tomoslab::TOMOSLAB_LAUNCH
