// BB: projected gradient descent with Barzilai–Borwein steps, safeguarded.
#pragma once

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "worker/operators/bounds.h"
#include "worker/solvers/iteration.h"

namespace tomoslab {

/// The step from s = x_k − x_{k−1} and y = g_k − g_{k−1}.
enum class StepRule {
  kBb1,  // ⟨s,s⟩ / ⟨s,y⟩
  kBb2,  // ⟨s,y⟩ / ⟨y,y⟩: as good in the end, and far less non-monotone on the way
};

struct BarzilaiBorweinOptions {
  Stopping stopping = {};
  Bounds bounds = {};
  StepRule step_rule = StepRule::kBb2;
};

/// The step by the rule, from ⟨s,y⟩ > 0, ⟨y,y⟩ and ⟨s,s⟩.
inline double BarzilaiBorweinStep(StepRule rule, double sy, double yy, double ss) {
  return rule == StepRule::kBb2 ? sy / yy : ss / sy;
}

/// The largest of the last ten misfits: what a step may not exceed (Grippo, Lampariello & Lucidi,
/// SIAM J. Numer. Anal. 23(4), 1986).
class MisfitWindow {
 public:
  void Add(double misfit) {
    misfits_.push_back(misfit);
    if (misfits_.size() > 10) misfits_.erase(misfits_.begin());
  }
  double Largest() const { return *std::max_element(misfits_.begin(), misfits_.end()); }
  template <class Archive>
  void Visit(Archive& archive) {
    archive.Value("last_misfits", misfits_);
  }

 private:
  std::vector<double> misfits_;
};

/// Along x + λ d the misfit is f + λ gd + ½ λ² qq, exactly: with the residual's change q = A d at
/// hand, gd = ⟨r, q⟩ and qq = ⟨q, q⟩. A full step where it is allowed, the minimum on the line
/// where it is not: no further projection.
inline double StepLength(double misfit, double gd, double qq, const MisfitWindow& window) {
  const bool allowed = misfit + gd + 0.5 * qq <= window.Largest() + 1e-4 * gd;
  return allowed ? 1 : std::min(1.0, -gd / qq);
}

/// The best image so far, copied only when a step is about to leave it uphill. Its memory is there
/// from the start: a run that has begun does not fail at a step that goes uphill.
template <class Volume>
class BestImage {
 public:
  /// x: of the images' shape.
  explicit BestImage(const Volume& x) : kept_(Like(x)) {}

  /// x has this progress, and the next image's misfit will be `next_misfit`.
  void Leave(const Volume& x, const Progress& progress, double next_misfit) {
    if (progress.misfit > progress_.misfit || next_misfit <= progress.misfit) return;
    Copy(x, kept_);
    progress_ = progress;
  }
  /// Puts the best image back when x's misfit exceeds its by more than 1 %.
  void Restore(Volume& x, Progress& progress) const {
    if (progress.misfit <= 1.01 * progress_.misfit) return;
    Copy(kept_, x);
    progress = progress_;
  }
  template <class Archive>
  void Visit(Archive& archive) {
    VisitProgress(archive, "best_", progress_);
    if (std::isfinite(progress_.misfit)) archive.Vector("best", kept_);
  }

 private:
  Volume kept_;
  Progress progress_{.misfit = std::numeric_limits<double>::infinity()};
};

/// min ½‖A x − b‖² over lower ≤ x ≤ upper: x ← x + λ (clip(x − α g) − x), g = Aᵀ(A x − b), α by
/// `step_rule`. Barzilai & Borwein, IMA J. Numer. Anal. 8(1), 1988; the projection and the
/// non-monotone safeguard as in Birgin, Martínez & Raydan, SIAM J. Optim. 10(4), 2000, with λ in
/// closed form.
///   x: the start image, and then the result: the last image, or the best when the last is worse by
///   more than 1 %. watch: worker/solvers/iteration.h.   Progress::step is α λ.   checkpoints:
///   worker/solvers/solver_state.h; the state is x, g, r and the best image. Cost: 1 projection
///   and 1 backprojection per iteration; 1 more projection for the first step, for a start x ≠ 0,
///   and every 50 iterations. Memory: x, g, d and the best image; b, r and q.
///   An unmatched adjoint does no harm to the safeguard, which lives in projection space.
template <LinearOperator Op, class Watch, class Checkpoints = NoCheckpoints>
SolverResult BarzilaiBorwein(const Op& A, const ProjectionsOf<Op>& b,
                             const BarzilaiBorweinOptions& options, VolumeOf<Op>& x, Watch&& watch,
                             Checkpoints&& checkpoints = {}) {
  constexpr int kRecompute = 50;  // iterations after which rounding has drifted r from A x − b
  auto g = A.NewVolume(), d = A.NewVolume();
  auto r = A.NewProjections(), q = A.NewProjections();
  Iterations iterations(options.stopping, Norm(b), watch);
  MisfitWindow window;
  BestImage<VolumeOf<Op>> best(x);
  double first_alpha = 0, alpha = 0, lambda = 0, dy = 0, dd = 0;
  const auto state = [&](auto& archive) {
    archive.Vector("x", x);
    archive.Vector("g", g);
    archive.Vector("r", r);
    archive.Value("first_alpha", first_alpha);
    archive.Value("alpha", alpha);
    archive.Value("lambda", lambda);
    archive.Value("dy", dy);
    archive.Value("dd", dd);
    window.Visit(archive);
    best.Visit(archive);
    iterations.Visit(archive);
  };
  if (!checkpoints.Restore(state)) Clamp(options.bounds, x);
  for (int k = iterations.progress().iteration;; ++k) {
    if (!checkpoints.Pass(k, state)) return iterations.Interrupted();
    if (k % kRecompute == 0) {
      Residual(A, b, x, r);
      Scale(-1, r);  // r = A x − b
    }
    const double misfit = 0.5 * Dot(r, r);
    window.Add(misfit);
    if (iterations.Stop(misfit, x)) break;

    A.Backproject(r, d);  // g_k = Aᵀ (A x − b)
    std::swap(g, d);
    if (k == 0) {
      A.Project(g, q);
      alpha = first_alpha = NormRatio(Dot(g, g), Dot(q, q));  // Cauchy: steepest descent
    } else {
      Subtract(g, d, d);  // y = g_k − g_{k−1}; s = λ d of the step before
      const double yy = Dot(d, d);
      if (yy > 0) alpha = lambda * BarzilaiBorweinStep(options.step_rule, dy, yy, dd);
      alpha = std::clamp(alpha, 1e-3 * first_alpha, 1e3 * first_alpha);
    }

    Copy(x, d);
    Axpy(-alpha, g, d);
    Clamp(options.bounds, d);
    Subtract(d, x, d);  // d = clip(x − α g) − x
    A.Project(d, q);
    const auto [gd, qq] = Dots(r, q, q, q);
    if (!(gd < 0)) break;  // not a descent direction: x is the solution, to rounding
    lambda = StepLength(misfit, gd, qq, window);
    dy = lambda * qq;  // ⟨d, y⟩ = ⟨d, λ Aᵀ A d⟩: d itself need not wait for y
    dd = Dot(d, d);
    best.Leave(x, iterations.progress(), misfit + lambda * gd + 0.5 * lambda * lambda * qq);
    Axpy(lambda, d, x);
    Clamp(options.bounds, x);  // x + d can miss a bound by its last bit
    Axpy(lambda, q, r);
    iterations.CountUpdate(alpha * lambda, lambda, d, x);
  }
  SolverResult result = iterations.result();
  best.Restore(x, result.progress);
  return result;
}

}  // namespace tomoslab
