#include "worker/app/solve_polychromatic.h"

#include "proto/material_values.h"
#include "worker/app/job_beam_model.h"
#include "worker/app/material_report.h"
#include "worker/app/solver_options.h"
#include "worker/core/status.h"
#include "worker/solvers/poly_barzilai_borwein.h"
#include "worker/solvers/poly_sirt.h"
#include "worker/solvers/polychromatic_objective.h"

namespace tomoslab {
namespace {

PolychromaticOptions OptionsOf(const v1::PolyBarzilaiBorwein& message) {
  PolychromaticOptions options{.linear_adjoint = message.linear_adjoint()};
  if (message.misfit().domain() == v1::PolychromaticMisfit::TRANSMISSIONS)
    options.domain = MisfitDomain::kTransmissions;
  if (message.misfit().weights() == v1::PolychromaticMisfit::STATISTICAL)
    options.weights = MisfitWeights::kStatistical;
  return options;
}

SolverResult Iterate(const SolveTask& task, const BeamModel& model, Field& x) {
  const auto& [A, b, spec, reporter, checkpoints] = task;
  const v1::Algorithm& algorithm = spec.algorithm();
  const auto watch = ReportingWatch(A, reporter);
  if (algorithm.has_poly_sirt()) {
    const v1::PolySirt& sirt = algorithm.poly_sirt();
    return PolySirt(A, b, model,
                    {.stopping = ToStopping(sirt.stopping()),
                     .relaxation = sirt.relaxation(),
                     .bounds = ToBounds(sirt.bounds(), PolychromaticBounds(model))},
                    x, watch, checkpoints.Of("poly_sirt"));
  }
  const v1::PolyBarzilaiBorwein& bb = algorithm.poly_bb();
  PolychromaticObjective f(A, b, model, OptionsOf(bb));
  return PolyBarzilaiBorwein(f,
                             {.stopping = ToStopping(bb.stopping()),
                              .bounds = ToBounds(bb.bounds(), PolychromaticBounds(model)),
                              .step_rule = ToStepRule(bb.step_rule())},
                             x, watch, checkpoints.Of("poly_bb"));
}

}  // namespace

absl::StatusOr<SolveOutcome> SolvePolychromatic(const SolveTask& task, Field& x) {
  TOMOSLAB_ASSIGN_OR_RETURN(const BeamModel model,
                            PrepareBeamModel(task.A, task.b, task.spec, task.reporter));
  if (task.reporter.MustStop()) return SolveOutcome{"stopped", 0};
  const SolverResult result = Iterate(task, model, x);
  if (!task.reporter.MustStop() && !task.checkpoints.stopped()) {
    v1::MaterialReport report = ToProto(model);
    CountVoxels(task.A, x, &report);
    task.reporter.Materials(report);
  }
  return OutcomeOf(result);
}

}  // namespace tomoslab
