#include "worker/app/dart_job.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "worker/app/material_report.h"

namespace tomoslab {

DartLoopOptions ToLoopOptions(const v1::DartLoop& loop) {
  return {.stopping = {.iterations = loop.stopping().iterations(),
                       .relative_residual = loop.stopping().relative_residual()},
          .free_fraction = loop.free_fraction(),
          .smoothing = loop.smoothing(),
          .seed = loop.seed()};
}

DartReporter::DartReporter(const DistributedProjector* A, ProgressReporter* reporter,
                           v1::MaterialReport materials, int before)
    : A_(A), reporter_(reporter), materials_(std::move(materials)), before_(before) {}

bool DartReporter::operator()(const DartState& state, const Field& x,
                              const std::vector<std::string>& warnings) const {
  Progress progress = state.progress;
  progress.iteration += before_;
  for (const std::string& warning : warnings) reporter_->Log(v1::WARNING, warning);
  reporter_->Materials(MaterialReportOf(state, A_->volume(), materials_));
  reporter_->Iteration(*A_, progress, x);
  return reporter_->MustStop();
}

SolveOutcome DartReporter::Finish(const DartResult& result) const {
  if (!reporter_->MustStop())
    reporter_->Materials(MaterialReportOf(result.state, A_->volume(), materials_));
  const Progress& progress = result.state.progress;
  return {absl::StrFormat("%s; the image after %d iterations, relative residual of its "
                          "segmentation %.4g",
                          Describe(result.reason), before_ + progress.iteration,
                          progress.relative_residual),
          before_ + progress.iteration};
}

}  // namespace tomoslab
