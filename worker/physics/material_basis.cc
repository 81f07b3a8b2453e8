#include "worker/physics/material_basis.h"

#include <limits>

#include "worker/core/check.h"

namespace tomoslab {

MaterialBasis::MaterialBasis(absl::Span<const double> nodes_per_mm)
    : materials_(static_cast<int>(nodes_per_mm.size())) {
  TOMOSLAB_CHECK(materials_ >= 1 && materials_ <= kMostMaterials);
  labels_.materials = materials_;
  for (int m = 0; m < materials_; ++m) {
    TOMOSLAB_CHECK(nodes_per_mm[m] > node_[m]);
    node_[m + 1] = nodes_per_mm[m];
    labels_.threshold[m] = (node_[m] + node_[m + 1]) / 2;
    labels_.grey_value[m + 1] = static_cast<float>(node_[m + 1]);
    above_slope_[m] = 1 / (node_[m + 1] - node_[m]);
    below_slope_[m] = -above_slope_[m];
    below_at_node_[m] = 1;
  }
  below_at_node_[materials_] = 1;
  below_slope_[materials_] = 1 / node_[materials_];
}

Hat MaterialBasis::HatOf(int material) const {
  constexpr double kEverywhere = std::numeric_limits<double>::infinity();
  const bool last = material == materials_;
  return {.previous = material == 1 ? -kEverywhere : node_[material - 1],
          .node = node_[material],
          .next = last ? kEverywhere : node_[material + 1],
          .rise = above_slope_[material - 1],
          .fall = below_slope_[material],
          .origin = node_[material - 1]};
}

double MaterialBasis::VirtualAttenuation(double x,
                                         absl::Span<const double> attenuation_per_mm) const {
  const MaterialMix mix = At(x);
  double sum = 0;
  if (mix.below > 0) sum += mix.below_amount * attenuation_per_mm[mix.below - 1];
  if (mix.below < materials_) sum += mix.above_amount * attenuation_per_mm[mix.below];
  return sum;
}

}  // namespace tomoslab
