// The steps that all iterative solvers share.
#pragma once

#include <cmath>
#include <optional>

#include "worker/operators/linear_operator.h"
#include "worker/solvers/solver_state.h"
#include "worker/solvers/stopping.h"

namespace tomoslab {

/// r ← b − A x. Costs a projection, except for x = 0.
template <LinearOperator Op>
void Residual(const Op& A, const ProjectionsOf<Op>& b, const VolumeOf<Op>& x,
              ProjectionsOf<Op>& r) {
  if (MaxAbs(x) == 0) {
    Copy(b, r);
    return;
  }
  A.Project(x, r);
  Subtract(b, r, r);
}

/// Keeps the progress of one run, tells the watcher, and says when to stop.
///   watch(const Progress&, const Volume& x) returns true to stop; it is called for every image,
///   the start image and the last one included, and must answer the same on every rank.
template <class Watch>
class Iterations {
 public:
  /// b_norm: ‖b‖.
  Iterations(const Stopping& stopping, double b_norm, Watch& watch)
      : stopping_(stopping), b_norm_(b_norm), watch_(watch) {}

  /// `x` has the misfit ½‖b − A x‖². True: stop here, see result().
  template <class Volume>
  bool Stop(double misfit, const Volume& x) {
    progress_.misfit = misfit;
    progress_.relative_residual = NormRatio(std::sqrt(2 * misfit), b_norm_);
    reason_ = ReasonToStop(stopping_, progress_);
    if (watch_(progress_, x) && !reason_) reason_ = StopReason::kWatch;
    return reason_.has_value();
  }

  /// x is about to be seen after one more update: x ← x + scale · d, already done.
  template <class Volume>
  void CountUpdate(double step, double scale, const Volume& d, const Volume& x) {
    ++progress_.iteration;
    progress_.step = step;
    if (stopping_.relative_update > 0) {
      const auto [dd, xx] = Dots(d, d, x, x);
      progress_.relative_update = NormRatio(std::abs(scale) * std::sqrt(dd), std::sqrt(xx));
    }
  }

  const Progress& progress() const { return progress_; }
  /// The result of a run whose hook told it to stop (worker/solvers/solver_state.h).
  SolverResult Interrupted() const { return {StopReason::kWatch, progress_}; }
  template <class Archive>
  void Visit(Archive& archive) {
    VisitProgress(archive, "", progress_);
  }
  SolverResult result() const { return {reason_.value_or(StopReason::kConverged), progress_}; }

 private:
  Stopping stopping_;
  double b_norm_;
  Watch& watch_;
  Progress progress_;
  std::optional<StopReason> reason_;
};

}  // namespace tomoslab
