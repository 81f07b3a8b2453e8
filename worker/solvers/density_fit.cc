#include "worker/solvers/density_fit.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "worker/core/parallel.h"
#include "worker/physics/line_integral.h"
#include "worker/solvers/grey_value_fit.h"
#include "worker/solvers/polychromatic_on_device.h"

namespace tomoslab {
namespace {

/// The residual and its slopes at some factors.
class Linearization {
 public:
  Linearization(const BeamModel& model, absl::Span<const Field> paths_mm, const Field& b)
      : rays_(model), paths_(paths_mm), b_(b), residual_(Like(b)) {
    for (const Field& path : paths_mm) slopes_.push_back(Like(path));
    if (!b.on_host()) device_ = std::make_unique<BeamOnDevice>(rays_, b.accelerator());
  }

  /// JᵀJ and Jᵀ(b − p) at κ.
  NormalEquations At(absl::Span<const double> factors) {
    for (std::size_t m = 0; m < slopes_.size(); ++m) {
      Copy(paths_[m], slopes_[m]);
      Scale(factors[m], slopes_[m]);
    }
    FindLineIntegrals();
    Subtract(b_, residual_, residual_);
    for (std::size_t m = 0; m < slopes_.size(); ++m) Multiply(paths_[m], slopes_[m]);
    return MakeNormalEquations(slopes_, residual_, 0);
  }

 private:
  /// residual ← p, and the slopes in place of the path lengths.
  void FindLineIntegrals() {
    if (device_ != nullptr)
      return LineIntegralsOnDevice(*device_, absl::MakeSpan(slopes_), residual_);
    PerMaterial<float> out{};
    PerMaterial<const float> in{};
    for (std::size_t m = 0; m < slopes_.size(); ++m) in[m] = out[m] = slopes_[m].data();
    rays_.ValuesAndSlopes(b_.size(), in, residual_.data(), out);
  }

  LineIntegral rays_;
  std::unique_ptr<BeamOnDevice> device_;  // where b is on an accelerator
  absl::Span<const Field> paths_;
  const Field& b_;
  Field residual_;
  std::vector<Field> slopes_;  // ∂p/∂κ_m = μ̄_m P_m
};

std::vector<double> NodesWith(const BeamModel& model, absl::Span<const double> factors) {
  std::vector<double> nodes;
  for (std::size_t m = 0; m < factors.size(); ++m)
    nodes.push_back(factors[m] * model.materials[m].reference_per_mm);
  return nodes;
}

bool AreDensities(const BeamModel& model, absl::Span<const double> factors) {
  constexpr double kLeast = 0.3, kMost = 3;
  for (const double factor : factors) {
    if (!(factor >= kLeast && factor <= kMost)) return false;
  }
  const std::vector<double> nodes = NodesWith(model, factors);
  return std::adjacent_find(nodes.begin(), nodes.end(), std::greater_equal<>()) == nodes.end();
}

}  // namespace

DensityFit FitDensities(const BeamModel& model, absl::Span<const Field> paths_mm, const Field& b) {
  constexpr int kSteps = 5;
  const std::vector<double> ones(paths_mm.size(), 1.0);
  Linearization linearization(model, paths_mm, b);
  std::vector<double> factors = ones;
  for (int step = 0; step < kSteps; ++step) {
    const std::vector<double> change = SolveNormalEquations(linearization.At(factors));
    if (change.empty()) {
      return {ones,
              "the projections cannot tell the densities of the materials apart: they stay "
              "as they were"};
    }
    for (std::size_t m = 0; m < factors.size(); ++m) factors[m] += change[m];
  }
  if (AreDensities(model, factors)) return {factors, ""};
  return {ones, absl::StrFormat("the densities that fit the projections best are %s times those of "
                                "before, which is not credible: they stay as they were. Are "
                                "spectrum and materials right?",
                                absl::StrJoin(factors, ", ", [](std::string* out, double factor) {
                                  absl::StrAppendFormat(out, "%.4g", factor);
                                }))};
}

BeamModel WithDensities(BeamModel model, absl::Span<const double> factors) {
  for (std::size_t m = 0; m < factors.size(); ++m) {
    model.materials[m].reference_per_mm *= factors[m];
    for (double& attenuation : model.materials[m].attenuation_per_mm) attenuation *= factors[m];
  }
  return model;
}

}  // namespace tomoslab
