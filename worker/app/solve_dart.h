// DART and poly-DART as jobs: parts of worker/app/solve.h.
#pragma once

#include "worker/app/solve.h"

namespace tomoslab {

/// The start image by BB, or poly-BB, unless the job names one; then the loop. Iterations count on
/// from the start image's. Collective.
///   Fails: InvalidArgument when the beam model is wrong (poly-DART).
absl::StatusOr<SolveOutcome> SolveDart(const SolveTask& task, Field& x);
absl::StatusOr<SolveOutcome> SolvePolyDart(const SolveTask& task, Field& x);

}  // namespace tomoslab
