// SIRT: the simultaneous iterative reconstruction technique.
#pragma once

#include <utility>

#include "worker/operators/bounds.h"
#include "worker/solvers/iteration.h"

namespace tomoslab {

struct SirtOptions {
  Stopping stopping = {};
  double relaxation = 1;  // λ; converges for 0 < λ < 2, 1.9 halves the number of iterations
  Bounds bounds = {};
};

/// x ← clip(x + λ C d), where d = Aᵀ R r comes in; d ← what the bounds left of the update.
template <class Volume>
void SirtUpdate(const SirtOptions& options, const Volume& C, Volume& d, Volume& x) {
  Multiply(C, d);
  Scale(options.relaxation, d);
  Axpy(1, x, d);
  Clamp(options.bounds, d);  // d = the next image
  Subtract(d, x, x);
  std::swap(x, d);
}

/// x ← clip(x + λ C Aᵀ R (b − A x)),  R = 1 / row sums,  C = 1 / column sums: projected gradient
/// descent on ½‖A x − b‖² in the metric R, preconditioned by C. Gregor & Benson, IEEE TMI 27(7),
/// 2008.
///   x: the start image, and then the result (its storage changes).   watch:
///   worker/solvers/iteration.h.   checkpoints: worker/solvers/solver_state.h; the state is x.
///   Cost: 1 projection and 1 backprojection per iteration; 1 more of each for R and C, and 1
///   projection for the last image's residual. Memory: x, C and d; b, R and r.
template <LinearOperator Op, class Watch, class Checkpoints = NoCheckpoints>
SolverResult Sirt(const Op& A, const ProjectionsOf<Op>& b, const SirtOptions& options,
                  VolumeOf<Op>& x, Watch&& watch, Checkpoints&& checkpoints = {}) {
  const auto R = Inverse(RowSums(A));     // 0 where a ray meets nothing
  const auto C = Inverse(ColumnSums(A));  // 0 where no ray passes
  auto r = A.NewProjections();
  auto d = A.NewVolume();
  Iterations iterations(options.stopping, Norm(b), watch);
  const auto state = [&](auto& archive) {
    archive.Vector("x", x);
    iterations.Visit(archive);
  };
  if (!checkpoints.Restore(state)) Clamp(options.bounds, x);
  while (true) {
    if (!checkpoints.Pass(iterations.progress().iteration, state)) return iterations.Interrupted();
    Residual(A, b, x, r);
    if (iterations.Stop(0.5 * Dot(r, r), x)) return iterations.result();
    Multiply(R, r);
    A.Backproject(r, d);
    SirtUpdate(options, C, d, x);
    iterations.CountUpdate(options.relaxation, 1, d, x);
  }
}

}  // namespace tomoslab
