// How one ray's line integral compares with the measured one; for the host and a GPU.
#pragma once

#include <cmath>

#include "worker/core/host_device.h"

namespace tomoslab {

enum class MisfitDomain {
  kLineIntegrals,  // ½ Σ w (p − b)²
  kTransmissions,  // ½ Σ w (I − y)², I = e^−p, y = e^−b: dense paths hardly count
};
enum class MisfitWeights {
  kUnit,
  kStatistical,  // w = y for line integrals, 1 / y for transmissions
};

template <class Number>
struct RayMisfit {
  MisfitDomain domain = MisfitDomain::kLineIntegrals;
  MisfitWeights weights = MisfitWeights::kUnit;

  struct Residual {
    Number weighted;  // √w (p − b) or √w (I − y): f is half the sum of their squares
    Number slope;     // ∂f/∂p
  };

  /// w, of y = e^−b.
  TOMOSLAB_HOST_DEVICE Number Weight(Number y) const {
    if (weights == MisfitWeights::kUnit) return 1;
    return domain == MisfitDomain::kLineIntegrals ? y : 1 / y;
  }

  TOMOSLAB_HOST_DEVICE Residual Compare(Number p, Number b) const {
    const bool unit = weights == MisfitWeights::kUnit;
    if (domain == MisfitDomain::kLineIntegrals) {
      if (unit) return {p - b, p - b};
      const Number w = Weight(std::exp(-b));
      return {std::sqrt(w) * (p - b), w * (p - b)};
    }
    const Number transmission = std::exp(-p), y = std::exp(-b), w = Weight(y);
    const Number residual = transmission - y;
    return {std::sqrt(w) * residual, -w * transmission * residual};
  }

  /// √w b, or √w y: what the residual is relative to.
  TOMOSLAB_HOST_DEVICE Number OfData(Number b) const {
    const Number y = std::exp(-b);
    return std::sqrt(Weight(y)) * (domain == MisfitDomain::kLineIntegrals ? b : y);
  }
};

}  // namespace tomoslab
