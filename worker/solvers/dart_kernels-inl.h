#include "worker/core/launch.h"
#include "worker/solvers/dart_kernels.h"

namespace tomoslab::TOMOSLAB_LAUNCH {
namespace {

template <class Body>
void ForVoxels(void* stream, const Body& body, std::int64_t voxels) {
  ForEach(stream, voxels, body);
}
template <class Body>
void ForSlice(void* stream, const Body& body) {
  ForEach(stream, body.slab.outer(), body);
}
template <class Body>
void Count(void* stream, const Body& body, std::int64_t width, std::int64_t* totals) {
  ForEach(stream, device::kCountParts, body);
  ForEach(stream, width, device::TotalBody{body.counts, width, totals});
}

void Segment(void* stream, const device::SegmentBody& body, std::int64_t* totals) {
  Count(stream, body, device::kLabelCounts, totals);
}
void CountMask(void* stream, const device::CountMaskBody& body, std::int64_t* total) {
  Count(stream, body, 1, total);
}
void FreeVoxels(void* stream, const device::FreeVoxelsBody& body) {
  ForEach(stream, body.labels.slab.voxels(), body);
}
void Smooth(void* stream, const device::SmoothBody& body) {
  ForEach(stream, body.x.slab.voxels(), body);
}

}  // namespace

extern const DartKernels kDartKernels;
const DartKernels kDartKernels = {Segment,
                                  CountMask,
                                  ForVoxels<device::IndicatorBody>,
                                  ForVoxels<device::DiscretizeBody>,
                                  ForSlice<device::SliceBody<std::uint8_t>>,
                                  ForSlice<device::SliceBody<float>>,
                                  ForVoxels<device::AllVoxelsBody>,
                                  FreeVoxels,
                                  Smooth,
                                  ForVoxels<device::ReplaceBody>,
                                  ForVoxels<device::FixBody>,
                                  ForVoxels<device::KeepOnlyBody>};

}  // namespace tomoslab::TOMOSLAB_LAUNCH
