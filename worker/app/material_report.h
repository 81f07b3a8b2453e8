// What the values of an image stand for, as a job's events say it.
#pragma once

#include "tomoslab/v1/job.pb.h"
#include "worker/distributed/distributed_projector.h"
#include "worker/geometry/volume.h"
#include "worker/solvers/dart_loop.h"

namespace tomoslab {

/// Air first, then the materials by grey value, with the voxels that are labelled so and their
/// volume. Names are "air", "material 1", ...
v1::MaterialReport MaterialReportOf(const DartState& state, const Volume& volume);

/// Counts the voxels of x (1/mm at the reference energy) that are nearest to each entry's grey
/// value, and their volume; collective.
void CountVoxels(const DistributedProjector& A, const Field& x, v1::MaterialReport* report);

}  // namespace tomoslab
