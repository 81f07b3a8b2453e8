// CGLS: conjugate gradients on the normal equations.
#pragma once

#include "worker/solvers/iteration.h"

namespace tomoslab {

struct CglsOptions {
  Stopping stopping = {};
};

/// Minimises ‖A x − b‖ over a growing Krylov space: the fastest in residual, without constraints.
/// With noise the number of iterations is the regulariser: the image is best after about ten and
/// gets worse from there. Hestenes & Stiefel, J. Res. NBS 49(6), 1952; Björck, Numerical Methods
/// for Least Squares Problems, 1996, §7.4.
///   x: the start image, and then the result.   watch: worker/solvers/iteration.h.
///   checkpoints: worker/solvers/solver_state.h; the state is x, p and r.
///   Cost: 1 projection and 1 backprojection per iteration (1 more projection when x ≠ 0 at the
///   start). Memory: x, s and p; b, r and q.   Needs an adjoint that matches its operator well.
template <LinearOperator Op, class Watch, class Checkpoints = NoCheckpoints>
SolverResult Cgls(const Op& A, const ProjectionsOf<Op>& b, const CglsOptions& options,
                  VolumeOf<Op>& x, Watch&& watch, Checkpoints&& checkpoints = {}) {
  auto r = A.NewProjections(), q = A.NewProjections();
  auto s = A.NewVolume(), p = A.NewVolume();
  Iterations iterations(options.stopping, Norm(b), watch);
  double gamma_before = 0;
  const auto state = [&](auto& archive) {
    archive.Vector("x", x);
    archive.Vector("p", p);
    archive.Vector("r", r);
    archive.Value("gamma", gamma_before);
    iterations.Visit(archive);
  };
  if (!checkpoints.Restore(state)) Residual(A, b, x, r);  // r = b − A x
  while (true) {
    if (!checkpoints.Pass(iterations.progress().iteration, state)) return iterations.Interrupted();
    if (iterations.Stop(0.5 * Dot(r, r), x)) break;
    A.Backproject(r, s);  // s = Aᵀ r
    const double gamma = Dot(s, s);
    if (gamma_before > 0) {
      Scale(gamma / gamma_before, p);
      Axpy(1, s, p);  // p = s + (γ / γ_before) p
    } else {
      Copy(s, p);
    }
    gamma_before = gamma;
    A.Project(p, q);
    const double qq = Dot(q, q);
    if (!(qq > 0)) break;  // the gradient is zero: this is the solution
    const double alpha = gamma / qq;
    Axpy(alpha, p, x);
    Axpy(-alpha, q, r);
    iterations.CountUpdate(alpha, alpha, p, x);
  }
  return iterations.result();
}

}  // namespace tomoslab
