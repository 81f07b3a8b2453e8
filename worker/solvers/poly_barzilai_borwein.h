// Poly-BB: BB's steps on a misfit that is not quadratic.
#pragma once

#include <algorithm>
#include <concepts>
#include <utility>

#include "worker/solvers/barzilai_borwein.h"

namespace tomoslab {

/// A misfit f and its gradient: worker/solvers/polychromatic_objective.h. All calls are collective.
template <class F>
concept Objective = requires(F& f, decltype(f.NewVolume())& x) {
  { f.DataNorm() } -> std::convertible_to<double>;  // √(2 f) of no model at all
  { f.Value(x) } -> std::convertible_to<double>;
  f.Gradient(x, x);  // (x, g): at the x of the last Value
};

/// Cauchy's step along −g: a parabola through f(x), the slope −⟨g,g⟩ and f(x − t g), where t =
/// 2 f / ⟨g,g⟩ is the step that a parabola with the least value 0 would take. Costs a Value.
/// `trial` is scratch.
template <Objective F, class Volume>
double FirstStep(F& f, double misfit, const Volume& x, const Volume& g, Volume& trial) {
  const double gg = Dot(g, g);
  if (!(gg > 0)) return 0;
  const double t = 2 * misfit / gg;
  Copy(x, trial);
  Axpy(-t, g, trial);
  return t * misfit / (misfit + f.Value(trial));
}

/// min f(x) over lower ≤ x ≤ upper, as BarzilaiBorwein does it for a quadratic f (its references,
/// step rules and results): x ← x + λ (clip(x − α g) − x). λ starts at 1 and shrinks by the minimum
/// of a parabola, kept within 0.1 .. 0.5 of itself, until f does not exceed the largest of its last
/// ten values by Grippo's rule; after eight rejections no step lowers f any more.
///   x: the start image, and then the result (its storage changes).   watch:
///   worker/solvers/iteration.h.   checkpoints: worker/solvers/solver_state.h; the state is x, g, d
///   and the best image.   Cost: 1 Value and 1 Gradient per iteration and 1 more Value per
///   rejected λ (rare); 2 more Values for the start. Memory: x, g, y, d and the best image, beside
///   the objective's.
template <Objective F, class Volume, class Watch, class Checkpoints = NoCheckpoints>
SolverResult PolyBarzilaiBorwein(F& f, const BarzilaiBorweinOptions& options, Volume& x,
                                 Watch&& watch, Checkpoints&& checkpoints = {}) {
  constexpr int kTrials = 9;
  auto g = f.NewVolume(), y = f.NewVolume(), d = f.NewVolume();
  Iterations iterations(options.stopping, f.DataNorm(), watch);
  MisfitWindow window;
  BestImage<Volume> best(x);
  double first_alpha = 0, alpha = 0, lambda = 0;
  const auto state = [&](auto& archive) {
    archive.Vector("x", x);
    archive.Vector("g", g);
    archive.Vector("d", d);
    archive.Value("first_alpha", first_alpha);
    archive.Value("alpha", alpha);
    archive.Value("lambda", lambda);
    window.Visit(archive);
    best.Visit(archive);
    iterations.Visit(archive);
  };
  if (!checkpoints.Restore(state)) Clamp(options.bounds, x);
  double misfit = f.Value(x);
  for (int k = iterations.progress().iteration;; ++k) {
    if (!checkpoints.Pass(k, state)) return iterations.Interrupted();
    window.Add(misfit);
    if (iterations.Stop(misfit, x)) break;

    if (k > 0) std::swap(g, y);  // y = g_{k−1}
    f.Gradient(x, g);
    if (k == 0) {
      alpha = first_alpha = FirstStep(f, misfit, x, g, y);
    } else {
      Subtract(g, y, y);  // y = g_k − g_{k−1}; s = λ d
      const auto [dy, yy, dd] = Dots(d, y, y, y, d, d);
      alpha = dy > 0 ? lambda * BarzilaiBorweinStep(options.step_rule, dy, yy, dd) : 2 * alpha;
      alpha = std::clamp(alpha, 1e-3 * first_alpha, 1e3 * first_alpha);
    }

    Copy(x, d);
    Axpy(-alpha, g, d);
    Clamp(options.bounds, d);
    Subtract(d, x, d);  // d = clip(x − α g) − x
    const double gd = Dot(g, d);
    if (!(gd < 0)) break;  // not a descent direction: x is the solution, to rounding

    double next_misfit = 0;
    bool accepted = false;
    lambda = 1;
    for (int trial = 0; trial < kTrials && !accepted; ++trial) {
      if (trial > 0) {
        const double excess = next_misfit - misfit - lambda * gd;
        lambda *= std::clamp(-gd * lambda / (2 * excess), 0.1, 0.5);
      }
      Copy(x, y);
      Axpy(lambda, d, y);
      Clamp(options.bounds, y);  // x + d can miss a bound by its last bit
      next_misfit = f.Value(y);
      accepted = next_misfit <= window.Largest() + 1e-4 * lambda * gd;
    }
    if (!accepted) break;
    best.Leave(x, iterations.progress(), next_misfit);
    std::swap(x, y);
    misfit = next_misfit;
    iterations.CountUpdate(alpha * lambda, lambda, d, x);
  }
  SolverResult result = iterations.result();
  best.Restore(x, result.progress);
  return result;
}

}  // namespace tomoslab
