// What DART and poly-DART as jobs share: options out of messages, and reports.
#pragma once

#include <string>
#include <vector>

#include "proto/dart_values.h"
#include "tomoslab/v1/job.pb.h"
#include "worker/app/progress_reporter.h"
#include "worker/app/solve.h"
#include "worker/solvers/dart_loop.h"

namespace tomoslab {

DartLoopOptions ToLoopOptions(const v1::DartLoop& loop);

/// Watches the solver of the start image. Its last image is not reported: the loop begins with it.
/// Both outlive it.
inline auto StartWatch(const DistributedProjector& A, int iterations, ProgressReporter& reporter) {
  return [&A, iterations, &reporter](const Progress& progress, const Field& image) {
    if (progress.iteration < iterations) reporter.Iteration(A, progress, image);
    return reporter.MustStop();
  };
}

/// Tells the server about every image of the loop, counting on from its start image.
class DartReporter {
 public:
  /// materials: air and the materials by grey value, what is known of them beforehand.   before:
  /// the iterations of the start image.   The others outlive this.
  DartReporter(const DistributedProjector* A, ProgressReporter* reporter,
               v1::MaterialReport materials, int before);

  /// RunDart's watch.
  bool operator()(const DartState& state, const Field& x,
                  const std::vector<std::string>& warnings) const;
  /// RunDart's go_on.
  bool GoOn() const {
    reporter_->Poll();
    return !reporter_->MustStop();
  }

  /// Of the image that the loop left.
  SolveOutcome Finish(const DartResult& result) const;

 private:
  const DistributedProjector* A_;
  ProgressReporter* reporter_;
  v1::MaterialReport materials_;
  int before_;
};

inline constexpr char kDartStart[] = "dart_start", kDartLoop[] = "dart";

/// The iterations of the start image: those that make_start(), which returns them, makes now; those
/// that were made before when the loop goes on from a checkpoint.
template <class MakeStart>
int StartIterations(const SolveTask& task, MakeStart&& make_start) {
  if (task.checkpoints.phase() == kDartLoop) return task.checkpoints.IterationsBefore();
  return DartStartIterations(task.spec) > 0 ? make_start() : 0;
}

/// before: the iterations of the start image.
template <class Model>
SolveOutcome RunDartJob(const SolveTask& task, const v1::DartLoop& loop, Model& model,
                        const v1::MaterialReport& materials, int before, Field& x) {
  const DartReporter reporter(&task.A, &task.reporter, materials, before);
  const DartResult result = RunDart(
      task.A.grid(), model, ToLoopOptions(loop), x, reporter, [&] { return reporter.GoOn(); },
      task.checkpoints.Of(kDartLoop, before));
  return task.checkpoints.stopped() ? SolveOutcome{} : reporter.Finish(result);
}

}  // namespace tomoslab
