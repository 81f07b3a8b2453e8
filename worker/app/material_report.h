// What DART knows of its materials, as the job's events say it.
#pragma once

#include "tomoslab/v1/job.pb.h"
#include "worker/geometry/volume.h"
#include "worker/solvers/dart_loop.h"

namespace tomoslab {

/// Air first, then the materials by grey value, with the voxels that are labelled so and their
/// volume. Names are "air", "material 1", ...
v1::MaterialReport MaterialReportOf(const DartState& state, const Volume& volume);

}  // namespace tomoslab
