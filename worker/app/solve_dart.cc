#include "worker/app/solve_dart.h"

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "proto/dart_values.h"
#include "worker/app/material_report.h"
#include "worker/solvers/barzilai_borwein.h"
#include "worker/solvers/dart.h"

namespace tomoslab {
namespace {

DartLoopOptions ToLoopOptions(const v1::DartLoop& loop) {
  return {.stopping = {.iterations = loop.stopping().iterations(),
                       .relative_residual = loop.stopping().relative_residual()},
          .free_fraction = loop.free_fraction(),
          .smoothing = loop.smoothing(),
          .seed = loop.seed()};
}

DartInnerOptions ToInnerOptions(const v1::DartLoop& loop) {
  DartInnerOptions options{.iterations = loop.inner_iterations()};
  if (loop.inner() == v1::DartLoop::BB) options.solver = DartInner::kBarzilaiBorwein;
  if (loop.inner() == v1::DartLoop::CGLS) options.solver = DartInner::kCgls;
  return options;
}

/// Of materials that partial voxels and noise will mix up.
void WarnOfNeighbours(const v1::Dart& dart, ProgressReporter& reporter) {
  constexpr double kApart = 1.15;
  for (int m = 1; m < dart.grey_value_per_mm_size(); ++m) {
    const double below = dart.grey_value_per_mm(m - 1), above = dart.grey_value_per_mm(m);
    if (above >= kApart * below) continue;
    reporter.Log(v1::WARNING,
                 absl::StrFormat("the grey values %.4g and %.4g 1/mm lie only %.1f %% apart: their "
                                 "materials are hard to tell from each other below 15 %%",
                                 below, above, 100 * (above / below - 1)));
  }
}

/// x ← BB of b, x ≥ 0. The last image is not reported here: the loop begins with it.
int FillStartImage(const DistributedProjector& A, const Field& b, int iterations,
                   ProgressReporter& reporter, Field& x) {
  const auto watch = [&](const Progress& progress, const Field& image) {
    if (progress.iteration < iterations) reporter.Iteration(A, progress, image);
    return reporter.verdict() != Verdict::kGoOn;
  };
  return BarzilaiBorwein(A, b, {.stopping = {.iterations = iterations}, .bounds = {.lower = 0}}, x,
                         watch)
      .progress.iteration;
}

/// Tells the server about every image of the loop; `before` iterations made its start image.
class DartReporter {
 public:
  DartReporter(const DistributedProjector* A, ProgressReporter* reporter, int before)
      : A_(A), reporter_(reporter), before_(before) {}

  bool operator()(const DartState& state, const Field& x,
                  const std::vector<std::string>& warnings) const {
    Progress progress = state.progress;
    progress.iteration += before_;
    for (const std::string& warning : warnings) reporter_->Log(v1::WARNING, warning);
    reporter_->Materials(MaterialReportOf(state, A_->volume()));
    reporter_->Iteration(*A_, progress, x);
    return reporter_->verdict() != Verdict::kGoOn;
  }

  /// Of the image that the loop left.
  SolveOutcome Finish(const DartResult& result) const {
    if (reporter_->verdict() == Verdict::kGoOn)
      reporter_->Materials(MaterialReportOf(result.state, A_->volume()));
    const Progress& progress = result.state.progress;
    return {absl::StrFormat("%s; the image after %d iterations, whose segmentation explains the "
                            "projections best, relative residual %.4g",
                            Describe(result.reason), before_ + progress.iteration,
                            progress.relative_residual),
            before_ + progress.iteration};
  }

 private:
  const DistributedProjector* A_;
  ProgressReporter* reporter_;
  int before_;
};

}  // namespace

absl::StatusOr<SolveOutcome> SolveDart(const DistributedProjector& A, const Field& b,
                                       const v1::JobSpec& spec, ProgressReporter& reporter,
                                       Field& x) {
  const v1::Dart& dart = spec.algorithm().dart();
  WarnOfNeighbours(dart, reporter);
  const int start = DartStartIterations(spec);
  const int before = start == 0 ? 0 : FillStartImage(A, b, start, reporter, x);
  const DartReporter report(&A, &reporter, before);
  if (reporter.verdict() != Verdict::kGoOn) return SolveOutcome{"stopped", before};
  LinearDart model(&A, &b, ToInnerOptions(dart.loop()),
                   {dart.grey_value_per_mm().begin(), dart.grey_value_per_mm().end()},
                   dart.fixed_grey_values() ? GreyValues::kFixed : GreyValues::kFitted);
  return report.Finish(RunDart(A.grid(), model, ToLoopOptions(dart.loop()), x, report,
                               [&] { return reporter.Poll() == Verdict::kGoOn; }));
}

}  // namespace tomoslab
