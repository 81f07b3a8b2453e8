#include "proto/dart_values.h"
#include "proto/material_values.h"
#include "worker/app/dart_job.h"
#include "worker/app/job_beam_model.h"
#include "worker/app/solve_dart.h"
#include "worker/core/status.h"
#include "worker/solvers/poly_dart.h"

namespace tomoslab {
namespace {

PolyDartOptions ToOptions(const v1::PolyDart& message) {
  PolyDartOptions options{.inner_iterations = message.loop().inner_iterations()};
  if (message.loop().inner() == v1::DartLoop::BB)
    options.inner = PolyDartInner::kPolyBarzilaiBorwein;
  if (message.refine_densities()) options.densities = Densities::kRefined;
  return options;
}

/// x ← poly-BB of b; returns its iterations.
int FillStartImage(const DistributedProjector& A, const Field& b, const BeamModel& model,
                   int iterations, ProgressReporter& reporter, Field& x) {
  PolychromaticObjective f(A, b, model, {});
  return PolyBarzilaiBorwein(
             f, {.stopping = {.iterations = iterations}, .bounds = PolychromaticBounds(model)}, x,
             StartWatch(A, iterations, reporter))
      .progress.iteration;
}

}  // namespace

absl::StatusOr<SolveOutcome> SolvePolyDart(const DistributedProjector& A, const Field& b,
                                           const v1::JobSpec& spec, ProgressReporter& reporter,
                                           Field& x) {
  const v1::PolyDart& poly_dart = spec.algorithm().poly_dart();
  TOMOSLAB_ASSIGN_OR_RETURN(const BeamModel beam, PrepareBeamModel(A, b, spec, reporter));
  int start = DartStartIterations(spec);
  if (start > 0) start = FillStartImage(A, b, beam, start, reporter, x);
  if (reporter.verdict() != Verdict::kGoOn) return SolveOutcome{"stopped", start};
  PolychromaticDart model(&A, &b, beam, ToOptions(poly_dart));
  return RunDartJob(A, poly_dart.loop(), model, DartReporter(&A, &reporter, ToProto(beam), start),
                    x);
}

}  // namespace tomoslab
