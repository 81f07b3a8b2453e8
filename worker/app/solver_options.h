// Options of solvers out of a job's messages, and their results for people.
#pragma once

#include "tomoslab/v1/job.pb.h"
#include "worker/app/progress_reporter.h"
#include "worker/app/solve.h"
#include "worker/operators/bounds.h"
#include "worker/solvers/barzilai_borwein.h"
#include "worker/solvers/stopping.h"

namespace tomoslab {

Stopping ToStopping(const v1::Stopping& message);
/// A side that the message leaves open is that of `open`.
Bounds ToBounds(const v1::Bounds& message, Bounds open = {});
StepRule ToStepRule(v1::BarzilaiBorwein::StepRule rule);

/// Why the solver ended, and with which residual.
SolveOutcome OutcomeOf(const SolverResult& result);

/// A solver's watcher: reports every image, and stops when the job may not go on. Both arguments
/// outlive it.
inline auto ReportingWatch(const DistributedProjector& A, ProgressReporter& reporter) {
  return [&A, &reporter](const Progress& progress, const Field& image) {
    reporter.Iteration(A, progress, image);
    return reporter.MustStop();
  };
}

}  // namespace tomoslab
