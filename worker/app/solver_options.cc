#include "worker/app/solver_options.h"

#include "absl/strings/str_format.h"

namespace tomoslab {

Stopping ToStopping(const v1::Stopping& message) {
  return {.iterations = message.iterations(),
          .relative_residual = message.relative_residual(),
          .relative_update = message.relative_update()};
}

Bounds ToBounds(const v1::Bounds& message, Bounds open) {
  if (message.has_lower_per_mm()) open.lower = message.lower_per_mm();
  if (message.has_upper_per_mm()) open.upper = message.upper_per_mm();
  return open;
}

StepRule ToStepRule(v1::BarzilaiBorwein::StepRule rule) {
  return rule == v1::BarzilaiBorwein::BB1 ? StepRule::kBb1 : StepRule::kBb2;
}

SolveOutcome OutcomeOf(const SolverResult& result) {
  return {absl::StrFormat("%s; the image after %d iterations, relative residual %.4g",
                          Describe(result.reason), result.progress.iteration,
                          result.progress.relative_residual),
          result.progress.iteration};
}

}  // namespace tomoslab
