// The misfit of a polychromatic image to measured line integrals, with its exact gradient.
#pragma once

#include <cmath>
#include <cstdint>

#include "worker/operators/bounds.h"
#include "worker/solvers/polychromatic_projection.h"

namespace tomoslab {

enum class MisfitDomain {
  kLineIntegrals,  // ½ Σ w (p − b)²
  kTransmissions,  // ½ Σ w (I − y)², I = e^−p, y = e^−b: dense paths hardly count
};
enum class MisfitWeights {
  kUnit,
  kStatistical,  // w = y for line integrals, 1 / y for transmissions
};

struct PolychromaticOptions {
  MisfitDomain domain = MisfitDomain::kLineIntegrals;
  MisfitWeights weights = MisfitWeights::kUnit;
  /// Aᵀ (w (p − b)) instead of the gradient: one backprojection for M. Line integrals only.
  bool linear_adjoint = false;
};

/// The box of polychromatic images: up to one and a half times the densest material.
inline Bounds PolychromaticBounds(const BeamModel& model) {
  return {.lower = 0, .upper = 1.5 * model.materials.back().reference_per_mm};
}

/// f(x) = ½ Σ_i w_i (p_i(x) − b_i)² and ∇f = Σ_m φ'_m(x) ∘ Aᵀ (w ∘ μ̄_m ∘ (p − b)); the same of
/// transmissions, where μ̄_m becomes −I μ̄_m. p, φ, μ̄: worker/physics. IMPACT's model (De Man et
/// al., IEEE TMI 20(10), 2001) with one image.
///   Memory: one volume, M sets of projections, beside b. Cost: M projections per Value (none for
///   x = 0), M backprojections per Gradient (1 with linear_adjoint).
template <LinearOperator Op, class Rays = LineIntegral>
class PolychromaticObjective {
 public:
  using Projection = PolychromaticProjection<Op, Rays>;
  using Volume = typename Projection::Volume;
  using Projections = typename Projection::Projections;
  using Number = typename Projection::Number;

  /// b: line integrals. `A` and `b` outlive this.
  PolychromaticObjective(const Op& A, const Projections& b, const BeamModel& model,
                         const PolychromaticOptions& options)
      : projection_(A, model), b_(b), options_(options) {}

  Volume NewVolume() const { return projection_.linear().NewVolume(); }

  /// √(Σ w b²), or of y: what √(2 f) is compared with.
  double DataNorm() const {
    const bool of_b = options_.domain == MisfitDomain::kLineIntegrals;
    return std::sqrt(SumOfSquares(b_, [&](auto piece, Number* out) {
      for (std::int64_t i = piece.begin; i < piece.end; ++i) {
        const Number y = std::exp(-b_.data()[i]);
        out[i - piece.begin] = std::sqrt(Weight(y)) * (of_b ? b_.data()[i] : y);
      }
    }));
  }

  /// f(x); leaves in the sets what Gradient needs.
  double Value(const Volume& x) {
    projection_.Project(x);
    return 0.5 * SumOfSquares(b_, [&](auto piece, Number* out) {
             projection_.LineIntegralsAndSlopes(piece.begin, piece.end, out);
             for (std::int64_t i = piece.begin; i < piece.end; ++i) {
               const auto [residual, slope] = Compare(out[i - piece.begin], b_.data()[i]);
               out[i - piece.begin] = residual;
               if (options_.linear_adjoint) {
                 projection_.set(0).data()[i] = slope;
               } else {
                 for (int m = 0; m < projection_.materials(); ++m)
                   projection_.set(m).data()[i] *= slope;
               }
             }
           });
  }

  /// g ← ∇f at the x of the last Value, which must be the same x.
  void Gradient(const Volume& x, Volume& g) {
    if (options_.linear_adjoint) {
      projection_.linear().Backproject(projection_.set(0), g);
    } else {
      projection_.Backproject(x, g);
    }
  }

 private:
  struct Residual {
    Number weighted;  // √w (p − b) or √w (I − y): f is half the sum of their squares
    Number slope;     // ∂f/∂p
  };

  Number Weight(Number y) const {
    if (options_.weights == MisfitWeights::kUnit) return 1;
    return options_.domain == MisfitDomain::kLineIntegrals ? y : 1 / y;
  }

  Residual Compare(Number p, Number b) const {
    const bool unit = options_.weights == MisfitWeights::kUnit;
    if (options_.domain == MisfitDomain::kLineIntegrals) {
      if (unit) return {p - b, p - b};
      const Number w = Weight(std::exp(-b));
      return {std::sqrt(w) * (p - b), w * (p - b)};
    }
    const Number transmission = std::exp(-p), y = std::exp(-b), w = Weight(y);
    const Number residual = transmission - y;
    return {std::sqrt(w) * residual, -w * transmission * residual};
  }

  Projection projection_;
  const Projections& b_;
  PolychromaticOptions options_;
};

}  // namespace tomoslab
