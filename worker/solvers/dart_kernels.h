// What DART does per voxel, on an accelerator: device_dart_bodies.h over all voxels. Pointers are
// to its memory; `stream` is that of a queue.
#pragma once

#include "worker/solvers/device_dart_bodies.h"

namespace tomoslab {

class Accelerator;

struct DartKernels {
  /// body.counts: scratch of kCountParts · kLabelCounts.   totals: kLabelCounts.
  void (*segment)(void* stream, const device::SegmentBody& body, std::int64_t* totals);
  /// body.counts: scratch of kCountParts.   total: one number.
  void (*count_mask)(void* stream, const device::CountMaskBody& body, std::int64_t* total);
  void (*indicator)(void* stream, const device::IndicatorBody& body, std::int64_t voxels);
  void (*discretize)(void* stream, const device::DiscretizeBody& body, std::int64_t voxels);
  void (*slice_of_labels)(void* stream, const device::SliceBody<std::uint8_t>& body);
  void (*slice_of_values)(void* stream, const device::SliceBody<float>& body);
  void (*all_voxels)(void* stream, const device::AllVoxelsBody& body, std::int64_t voxels);
  void (*free_voxels)(void* stream, const device::FreeVoxelsBody& body);
  void (*smooth)(void* stream, const device::SmoothBody& body);
  void (*replace)(void* stream, const device::ReplaceBody& body, std::int64_t voxels);
  void (*fix)(void* stream, const device::FixBody& body, std::int64_t voxels);
  void (*keep_only)(void* stream, const device::KeepOnlyBody& body, std::int64_t voxels);
};

const DartKernels& DartKernelsOf(const Accelerator& accelerator);

}  // namespace tomoslab
