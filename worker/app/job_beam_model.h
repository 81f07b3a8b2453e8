// The polychromatic model of a job, the same on every rank.
#pragma once

#include "absl/status/statusor.h"
#include "tomoslab/v1/job.pb.h"
#include "worker/app/progress_reporter.h"
#include "worker/distributed/distributed_projector.h"
#include "worker/physics/beam_model.h"

namespace tomoslab {

/// Makes the model of spec.beam_model on rank 0, for all paths through the volume, and gives every
/// rank the same bits; collective. Reports the model as the job's materials, and what is doubtful
/// about it as warnings: also rays of b that are darker than scatter alone would leave them.
///   Fails: InvalidArgument (material, energy, filter, with its value and what to do).
absl::StatusOr<BeamModel> PrepareBeamModel(const DistributedProjector& A, const Field& b,
                                           const v1::JobSpec& spec, ProgressReporter& reporter);

}  // namespace tomoslab
