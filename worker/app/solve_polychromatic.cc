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

SolverResult Iterate(const DistributedProjector& A, const Field& b, const v1::Algorithm& algorithm,
                     const BeamModel& model, ProgressReporter& reporter, Field& x) {
  const auto watch = ReportingWatch(A, reporter);
  if (algorithm.has_poly_sirt()) {
    const v1::PolySirt& sirt = algorithm.poly_sirt();
    return PolySirt(A, b, model,
                    {.stopping = ToStopping(sirt.stopping()),
                     .relaxation = sirt.relaxation(),
                     .bounds = ToBounds(sirt.bounds(), PolychromaticBounds(model))},
                    x, watch);
  }
  const v1::PolyBarzilaiBorwein& bb = algorithm.poly_bb();
  PolychromaticObjective f(A, b, model, OptionsOf(bb));
  return PolyBarzilaiBorwein(f,
                             {.stopping = ToStopping(bb.stopping()),
                              .bounds = ToBounds(bb.bounds(), PolychromaticBounds(model)),
                              .step_rule = ToStepRule(bb.step_rule())},
                             x, watch);
}

}  // namespace

absl::StatusOr<SolveOutcome> SolvePolychromatic(const DistributedProjector& A, const Field& b,
                                                const v1::JobSpec& spec, ProgressReporter& reporter,
                                                Field& x) {
  TOMOSLAB_ASSIGN_OR_RETURN(const BeamModel model, PrepareBeamModel(A, b, spec, reporter));
  if (reporter.verdict() != Verdict::kGoOn) return SolveOutcome{"stopped", 0};
  const SolverResult result = Iterate(A, b, spec.algorithm(), model, reporter, x);
  if (reporter.verdict() == Verdict::kGoOn) {
    v1::MaterialReport report = ToProto(model);
    CountVoxels(A, x, &report);
    reporter.Materials(report);
  }
  return OutcomeOf(result);
}

}  // namespace tomoslab
