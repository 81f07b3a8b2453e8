#include "worker/solvers/dart_stopping.h"

namespace tomoslab {

std::optional<StopReason> DartStopping::After(const Progress& progress) {
  constexpr int kSettledIterations = 3, kPatience = 10;
  if (const auto reason = ReasonToStop(stopping_, progress)) return reason;
  const bool few = static_cast<double>(progress.changed_labels) < few_labels_;
  settled_ = progress.iteration > 0 && few ? settled_ + 1 : 0;
  if (progress.misfit < best_misfit_) {
    best_misfit_ = progress.misfit;
    best_iteration_ = progress.iteration;
  }
  if (settled_ >= kSettledIterations) return StopReason::kLabelsSettled;
  if (progress.iteration - best_iteration_ >= kPatience) return StopReason::kStagnated;
  return std::nullopt;
}

}  // namespace tomoslab
