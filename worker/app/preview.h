// Pictures of the running iterate: orthogonal planes, gathered from the slabs.
#pragma once

#include <vector>

#include "tomoslab/v1/job.pb.h"
#include "worker/distributed/distributed_projector.h"

namespace tomoslab {

struct PreviewImage {
  v1::PreviewReady header;
  std::vector<float> values;  // [row][column], 1/mm
};

/// The planes a job shows: its chosen z slices, or the three middle planes.
std::vector<v1::PreviewReady> PreviewPlanes(const v1::Preview& preview, const Volume& volume);

/// One plane of x; collective. The image is complete on every rank.
PreviewImage TakePreview(const DistributedProjector& A, const Field& x,
                         const v1::PreviewReady& plane);

}  // namespace tomoslab
