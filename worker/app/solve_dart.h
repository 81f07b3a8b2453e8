// DART's part of worker/app/solve.h.
#pragma once

#include "worker/app/solve.h"

namespace tomoslab {

/// The start image by BB, unless the job names one; then DART. Iterations count on from the start
/// image's. Collective.
absl::StatusOr<SolveOutcome> SolveDart(const DistributedProjector& A, const Field& b,
                                       const v1::JobSpec& spec, ProgressReporter& reporter,
                                       Field& x);

}  // namespace tomoslab
