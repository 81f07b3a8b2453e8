// What the values of an image stand for, as a job's events say it.
#pragma once

#include "tomoslab/v1/job.pb.h"
#include "worker/distributed/distributed_projector.h"
#include "worker/geometry/volume.h"
#include "worker/solvers/dart_loop.h"

namespace tomoslab {

/// `materials` (air first, then by grey value) with the grey values and densities of an image, the
/// voxels that are labelled so and their volume.
v1::MaterialReport MaterialReportOf(const DartState& state, const Volume& volume,
                                    v1::MaterialReport materials);

/// Counts the voxels of x (1/mm at the reference energy) that are nearest to each entry's grey
/// value, and their volume; collective.
void CountVoxels(const DistributedProjector& A, const Field& x, v1::MaterialReport* report);

}  // namespace tomoslab
