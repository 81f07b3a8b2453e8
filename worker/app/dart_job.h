// What DART and poly-DART as jobs share: options out of messages, and reports.
#pragma once

#include <string>
#include <vector>

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
    return reporter.verdict() != Verdict::kGoOn;
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
  bool GoOn() const { return reporter_->Poll() == Verdict::kGoOn; }

  /// Of the image that the loop left.
  SolveOutcome Finish(const DartResult& result) const;

 private:
  const DistributedProjector* A_;
  ProgressReporter* reporter_;
  v1::MaterialReport materials_;
  int before_;
};

template <class Model>
SolveOutcome RunDartJob(const DistributedProjector& A, const v1::DartLoop& loop, Model& model,
                        const DartReporter& reporter, Field& x) {
  return reporter.Finish(
      RunDart(A.grid(), model, ToLoopOptions(loop), x, reporter, [&] { return reporter.GoOn(); }));
}

}  // namespace tomoslab
