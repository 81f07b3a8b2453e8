#include "worker/app/solve.h"

#include "absl/strings/str_format.h"
#include "worker/app/solve_dart.h"
#include "worker/core/status.h"
#include "worker/solvers/barzilai_borwein.h"
#include "worker/solvers/cgls.h"
#include "worker/solvers/fdk.h"
#include "worker/solvers/sirt.h"

namespace tomoslab {
namespace {

Stopping ToStopping(const v1::Stopping& message) {
  return {.iterations = message.iterations(),
          .relative_residual = message.relative_residual(),
          .relative_update = message.relative_update()};
}

Bounds ToBounds(const v1::Bounds& message) {
  Bounds bounds;
  if (message.has_lower_per_mm()) bounds.lower = message.lower_per_mm();
  if (message.has_upper_per_mm()) bounds.upper = message.upper_per_mm();
  return bounds;
}

Bounds BoundsOf(const v1::Algorithm& algorithm) {
  if (algorithm.has_sirt()) return ToBounds(algorithm.sirt().bounds());
  if (algorithm.has_bb()) return ToBounds(algorithm.bb().bounds());
  return {};
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

SolverResult Iterate(const DistributedProjector& A, const Field& b, const v1::Algorithm& algorithm,
                     ProgressReporter& reporter, Field& x) {
  const auto watch = [&](const Progress& progress, const Field& image) {
    reporter.Iteration(A, progress, image);
    return reporter.verdict() != Verdict::kGoOn;
  };
  switch (algorithm.kind_case()) {
    case v1::Algorithm::kSirt:
      return Sirt(A, b,
                  {.stopping = ToStopping(algorithm.sirt().stopping()),
                   .relaxation = algorithm.sirt().relaxation(),
                   .bounds = ToBounds(algorithm.sirt().bounds())},
                  x, watch);
    case v1::Algorithm::kCgls:
      return Cgls(A, b, {.stopping = ToStopping(algorithm.cgls().stopping())}, x, watch);
    default:
      break;
  }
  const v1::BarzilaiBorwein& bb = algorithm.bb();
  return BarzilaiBorwein(
      A, b,
      {.stopping = ToStopping(bb.stopping()),
       .bounds = ToBounds(bb.bounds()),
       .step_rule = bb.step_rule() == v1::BarzilaiBorwein::BB1 ? StepRule::kBb1 : StepRule::kBb2},
      x, watch);
}

}  // namespace

absl::StatusOr<SolveOutcome> Solve(const DistributedProjector& A, const Field& b,
                                   const v1::JobSpec& spec, ProgressReporter& reporter, Field& x) {
  const v1::Algorithm& algorithm = spec.algorithm();
  if (algorithm.has_dart()) return SolveDart(A, b, spec, reporter, x);
  if (algorithm.has_fdk()) {
    TOMOSLAB_RETURN_IF_ERROR(RunFdk(A, b, algorithm.fdk(), reporter, x));
    return SolveOutcome{"filtered and backprojected", 0};
  }
  const SolverResult result = Iterate(A, b, algorithm, reporter, x);
  return SolveOutcome{absl::StrFormat("%s; the image after %d iterations, relative residual %.4g",
                                      Describe(result.reason), result.progress.iteration,
                                      result.progress.relative_residual),
                      result.progress.iteration};
}

absl::Status StartFromFdk(const DistributedProjector& A, const Field& b, const v1::JobSpec& spec,
                          ProgressReporter& reporter, Field& x) {
  TOMOSLAB_RETURN_IF_ERROR(RunFdk(A, b, spec.start().fdk(), reporter, x));
  Clamp(BoundsOf(spec.algorithm()), x);
  return absl::OkStatus();
}

}  // namespace tomoslab
