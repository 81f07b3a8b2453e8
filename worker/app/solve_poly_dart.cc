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
int FillStartImage(const SolveTask& task, const BeamModel& model, Field& x) {
  const int iterations = DartStartIterations(task.spec);
  PolychromaticObjective f(task.A, task.b, model, {});
  return PolyBarzilaiBorwein(
             f, {.stopping = {.iterations = iterations}, .bounds = PolychromaticBounds(model)}, x,
             StartWatch(task.A, iterations, task.reporter), task.checkpoints.Of(kDartStart))
      .progress.iteration;
}

}  // namespace

absl::StatusOr<SolveOutcome> SolvePolyDart(const SolveTask& task, Field& x) {
  const v1::PolyDart& poly_dart = task.spec.algorithm().poly_dart();
  TOMOSLAB_ASSIGN_OR_RETURN(const BeamModel beam,
                            PrepareBeamModel(task.A, task.b, task.spec, task.reporter));
  const int start = StartIterations(task, [&] { return FillStartImage(task, beam, x); });
  if (task.reporter.MustStop() || task.checkpoints.stopped()) return SolveOutcome{"stopped", start};
  PolychromaticDart model(&task.A, &task.b, beam, ToOptions(poly_dart));
  return RunDartJob(task, poly_dart.loop(), model, ToProto(beam), start, x);
}

}  // namespace tomoslab
