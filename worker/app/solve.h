// From a job's messages to a solver's call: the place to add an algorithm.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "tomoslab/v1/job.pb.h"
#include "worker/app/checkpoints.h"
#include "worker/app/progress_reporter.h"
#include "worker/distributed/distributed_projector.h"

namespace tomoslab {

struct SolveOutcome {
  std::string summary;  // why it ended, and with which residual; for people
  int iteration = 0;    // of the image in x
};

/// What a job's algorithm works on, and whom it tells. All outlive it.
struct SolveTask {
  const DistributedProjector& A;
  const Field& b;  // line integrals
  const v1::JobSpec& spec;
  ProgressReporter& reporter;
  Checkpoints& checkpoints;
};

/// Runs the job's algorithm, from its checkpoint if there is one; collective.
///   x: the start image, then the result. Nothing when the checkpoints stopped it.
///   Fails: FailedPrecondition when FDK cannot use the geometry.
absl::StatusOr<SolveOutcome> Solve(const SolveTask& task, Field& x);

/// x ← FDK of b, clipped to the algorithm's bounds: a start image.
absl::Status StartFromFdk(const DistributedProjector& A, const Field& b, const v1::JobSpec& spec,
                          ProgressReporter& reporter, Field& x);

}  // namespace tomoslab
