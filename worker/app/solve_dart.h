// DART and poly-DART as jobs: parts of worker/app/solve.h.
#pragma once

#include "worker/app/solve.h"

namespace tomoslab {

/// The start image by BB, or poly-BB, unless the job names one; then the loop. Iterations count on
/// from the start image's. Collective.
///   Fails: InvalidArgument when the beam model is wrong (poly-DART).
absl::StatusOr<SolveOutcome> SolveDart(const DistributedProjector& A, const Field& b,
                                       const v1::JobSpec& spec, ProgressReporter& reporter,
                                       Field& x);
absl::StatusOr<SolveOutcome> SolvePolyDart(const DistributedProjector& A, const Field& b,
                                           const v1::JobSpec& spec, ProgressReporter& reporter,
                                           Field& x);

}  // namespace tomoslab
