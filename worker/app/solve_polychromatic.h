// Poly-BB and poly-SIRT as jobs.
#pragma once

#include "absl/status/statusor.h"
#include "tomoslab/v1/job.pb.h"
#include "worker/app/progress_reporter.h"
#include "worker/app/solve.h"
#include "worker/distributed/distributed_projector.h"

namespace tomoslab {

/// As Solve, for algorithms that need spec.beam_model.
absl::StatusOr<SolveOutcome> SolvePolychromatic(const SolveTask& task, Field& x);

}  // namespace tomoslab
