// Poly-SIRT: SIRT's update with the polychromatic projection.
#pragma once

#include <utility>

#include "worker/operators/bounds.h"
#include "worker/solvers/iteration.h"
#include "worker/solvers/polychromatic_projection.h"
#include "worker/solvers/sirt.h"

namespace tomoslab {

/// set(0) ← b − p(x); returns ½‖b − p(x)‖². M projections.
template <class Projection>
double PolychromaticResidual(Projection& projection, const typename Projection::Projections& b,
                             const typename Projection::Volume& x) {
  projection.Project(x);
  if constexpr (Projection::kOfFields) {
    if (const BeamOnDevice* beam = projection.on_device())
      return 0.5 * ResidualOnDevice(*beam, projection.sets(), b);
  }
  return 0.5 * SumOfSquares(b, [&](auto piece, auto* out) {
           projection.LineIntegrals(piece.begin, piece.end, out);
           auto* residual = projection.set(0).data() + piece.begin;
           for (std::int64_t i = 0; i < piece.end - piece.begin; ++i) {
             residual[i] = out[i] = b.data()[piece.begin + i] - out[i];
           }
         });
}

/// x ← clip(x + λ C Aᵀ R (b − p(x))),  R = 1 / row sums,  C = 1 / column sums: SIRT, with the
/// polychromatic line integrals p of worker/physics in place of A x. Not the gradient of a misfit,
/// but one backprojection for all materials.
///   x: the start image, and then the result (its storage changes).   watch:
///   worker/solvers/iteration.h.   checkpoints: worker/solvers/solver_state.h; the state is x.
///   Cost: M projections and 1 backprojection per iteration; 1 more of each for R and C, and M
///   projections for the last image's residual. Memory: x, C, d and one more; b, R and M sets.
template <LinearOperator Op, class Watch, class Rays = LineIntegral,
          class Checkpoints = NoCheckpoints>
SolverResult PolySirt(const Op& A, const ProjectionsOf<Op>& b, const BeamModel& model,
                      const SirtOptions& options, VolumeOf<Op>& x, Watch&& watch,
                      Checkpoints&& checkpoints = {}) {
  const auto R = Inverse(RowSums(A));     // 0 where a ray meets nothing
  const auto C = Inverse(ColumnSums(A));  // 0 where no ray passes
  PolychromaticProjection<Op, Rays> projection(A, model);
  auto d = A.NewVolume();
  Iterations iterations(options.stopping, Norm(b), watch);
  const auto state = [&](auto& archive) {
    archive.Vector("x", x);
    iterations.Visit(archive);
  };
  if (!checkpoints.Restore(state)) Clamp(options.bounds, x);
  while (true) {
    if (!checkpoints.Pass(iterations.progress().iteration, state)) return iterations.Interrupted();
    const double misfit = PolychromaticResidual(projection, b, x);
    if (iterations.Stop(misfit, x)) return iterations.result();
    Multiply(R, projection.set(0));
    A.Backproject(projection.set(0), d);
    SirtUpdate(options, C, d, x);
    iterations.CountUpdate(options.relaxation, 1, d, x);
  }
}

}  // namespace tomoslab
