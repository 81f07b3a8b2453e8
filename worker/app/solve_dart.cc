#include "worker/app/solve_dart.h"

#include "absl/strings/str_format.h"
#include "proto/dart_values.h"
#include "worker/app/dart_job.h"
#include "worker/solvers/barzilai_borwein.h"
#include "worker/solvers/dart.h"

namespace tomoslab {
namespace {

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

v1::MaterialReport NamesOf(const v1::Dart& dart) {
  v1::MaterialReport report;
  report.add_entry()->set_name("air");
  for (int m = 1; m <= dart.grey_value_per_mm_size(); ++m)
    report.add_entry()->set_name(absl::StrFormat("material %d", m));
  return report;
}

}  // namespace

absl::StatusOr<SolveOutcome> SolveDart(const SolveTask& task, Field& x) {
  const auto& [A, b, spec, reporter, checkpoints] = task;
  const v1::Dart& dart = spec.algorithm().dart();
  WarnOfNeighbours(dart, reporter);
  const int start = StartIterations(task, [&] {
    const int iterations = DartStartIterations(spec);
    return BarzilaiBorwein(A, b, {.stopping = {.iterations = iterations}, .bounds = {.lower = 0}},
                           x, StartWatch(A, iterations, reporter), checkpoints.Of(kDartStart))
        .progress.iteration;
  });
  if (reporter.MustStop() || checkpoints.stopped()) return SolveOutcome{"stopped", start};
  LinearDart model(&A, &b, ToInnerOptions(dart.loop()),
                   {dart.grey_value_per_mm().begin(), dart.grey_value_per_mm().end()},
                   dart.fixed_grey_values() ? GreyValues::kFixed : GreyValues::kFitted);
  return RunDartJob(task, dart.loop(), model, NamesOf(dart), start, x);
}

}  // namespace tomoslab
