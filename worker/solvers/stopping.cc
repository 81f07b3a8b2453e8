#include "worker/solvers/stopping.h"

namespace tomoslab {

std::string_view Describe(StopReason reason) {
  switch (reason) {
    case StopReason::kIterations:
      return "all iterations were done";
    case StopReason::kRelativeResidual:
      return "the relative residual fell below its limit";
    case StopReason::kRelativeUpdate:
      return "the image stopped changing";
    case StopReason::kConverged:
      return "no step lowers the misfit any more";
    case StopReason::kLabelsSettled:
      return "the labels settled";
    case StopReason::kStagnated:
      return "the segmentation has not come closer to the projections for ten iterations";
    case StopReason::kWatch:
      return "it was stopped from outside";
  }
  return "";
}

std::optional<StopReason> ReasonToStop(const Stopping& stopping, const Progress& progress) {
  if (stopping.relative_residual > 0 && progress.relative_residual <= stopping.relative_residual) {
    return StopReason::kRelativeResidual;
  }
  if (stopping.relative_update > 0 && progress.relative_update &&
      *progress.relative_update < stopping.relative_update) {
    return StopReason::kRelativeUpdate;
  }
  if (progress.iteration >= stopping.iterations) return StopReason::kIterations;
  return std::nullopt;
}

double NormRatio(double a, double b) { return a == 0 ? 0 : a / b; }

}  // namespace tomoslab
