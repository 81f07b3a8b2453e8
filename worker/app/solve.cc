#include "worker/app/solve.h"

#include "proto/algorithm_values.h"
#include "worker/app/solve_dart.h"
#include "worker/app/solve_polychromatic.h"
#include "worker/app/solver_options.h"
#include "worker/core/status.h"
#include "worker/solvers/barzilai_borwein.h"
#include "worker/solvers/cgls.h"
#include "worker/solvers/fdk.h"
#include "worker/solvers/sirt.h"

namespace tomoslab {
namespace {

Bounds BoundsOf(v1::Algorithm algorithm) {
  const v1::Bounds* bounds = MutableBounds(&algorithm);
  return bounds == nullptr ? Bounds{} : ToBounds(*bounds);
}

RampOptions ToRampOptions(const v1::Fdk& message) {
  RampOptions options;
  if (message.cutoff() > 0) options.cutoff = message.cutoff();
  switch (message.window()) {
    case v1::Fdk::SHEPP_LOGAN:
      options.window = RampWindow::kSheppLogan;
      break;
    case v1::Fdk::COSINE:
      options.window = RampWindow::kCosine;
      break;
    case v1::Fdk::HAMMING:
      options.window = RampWindow::kHamming;
      break;
    case v1::Fdk::HANN:
      options.window = RampWindow::kHann;
      break;
    default:
      options.window = RampWindow::kRamLak;
  }
  return options;
}

absl::Status RunFdk(const DistributedProjector& A, const Field& b, const v1::Fdk& message,
                    ProgressReporter& reporter, Field& x) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<std::string> warnings,
                            Fdk(A, A.scan(), b, ToRampOptions(message), x));
  for (const std::string& warning : warnings) reporter.Log(v1::WARNING, warning);
  return absl::OkStatus();
}

SolverResult Iterate(const SolveTask& task, Field& x) {
  const auto& [A, b, spec, reporter, checkpoints] = task;
  const v1::Algorithm& algorithm = spec.algorithm();
  const auto watch = ReportingWatch(A, reporter);
  switch (algorithm.kind_case()) {
    case v1::Algorithm::kSirt:
      return Sirt(A, b,
                  {.stopping = ToStopping(algorithm.sirt().stopping()),
                   .relaxation = algorithm.sirt().relaxation(),
                   .bounds = ToBounds(algorithm.sirt().bounds())},
                  x, watch, checkpoints.Of("sirt"));
    case v1::Algorithm::kCgls:
      return Cgls(A, b, {.stopping = ToStopping(algorithm.cgls().stopping())}, x, watch,
                  checkpoints.Of("cgls"));
    default:
      break;
  }
  const v1::BarzilaiBorwein& bb = algorithm.bb();
  return BarzilaiBorwein(A, b,
                         {.stopping = ToStopping(bb.stopping()),
                          .bounds = ToBounds(bb.bounds()),
                          .step_rule = ToStepRule(bb.step_rule())},
                         x, watch, checkpoints.Of("bb"));
}

}  // namespace

absl::StatusOr<SolveOutcome> Solve(const SolveTask& task, Field& x) {
  const v1::Algorithm& algorithm = task.spec.algorithm();
  if (algorithm.has_poly_bb() || algorithm.has_poly_sirt()) return SolvePolychromatic(task, x);
  if (algorithm.has_dart()) return SolveDart(task, x);
  if (algorithm.has_poly_dart()) return SolvePolyDart(task, x);
  if (algorithm.has_fdk()) {
    TOMOSLAB_RETURN_IF_ERROR(RunFdk(task.A, task.b, algorithm.fdk(), task.reporter, x));
    return SolveOutcome{"filtered and backprojected", 0};
  }
  return OutcomeOf(Iterate(task, x));
}

absl::Status StartFromFdk(const DistributedProjector& A, const Field& b, const v1::JobSpec& spec,
                          ProgressReporter& reporter, Field& x) {
  TOMOSLAB_RETURN_IF_ERROR(RunFdk(A, b, spec.start().fdk(), reporter, x));
  Clamp(BoundsOf(spec.algorithm()), x);
  return absl::OkStatus();
}

}  // namespace tomoslab
