#include "worker/solvers/grey_value_fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tomoslab {
namespace {

std::string ListOf(absl::Span<const double> values) {
  return absl::StrJoin(values, ", ", [](std::string* out, double value) {
    absl::StrAppendFormat(out, "%.4g", value);
  });
}

bool AreGreyValues(absl::Span<const double> values) {
  double before = 0;
  for (const double value : values) {
    if (!std::isfinite(value) || !(value > before * (1 + 1e-6)) || !(value > 0)) return false;
    before = value;
  }
  return true;
}

std::vector<int> PresentIn(const NormalEquations& equations) {
  std::vector<int> present;
  for (int m = 0; m < equations.materials; ++m) {
    if (equations.matrix[m * equations.materials + m] > 0) present.push_back(m);
  }
  return present;
}

}  // namespace

double NormalEquations::Misfit(absl::Span<const double> grey_values) const {
  double misfit = bb / 2;
  for (int m = 0; m < materials; ++m) {
    misfit -= grey_values[m] * right[m];
    for (int n = 0; n < materials; ++n)
      misfit += grey_values[m] * grey_values[n] * matrix[m * materials + n] / 2;
  }
  return std::max(0.0, misfit);
}

NormalEquations MakeNormalEquations(absl::Span<const Field> a, const Field& b, double bb) {
  std::vector<FieldPair> pairs;
  for (const Field& row : a) {
    for (const Field& column : a) pairs.push_back({&row, &column});
    pairs.push_back({&row, &b});
  }
  const std::vector<double> dots = PairwiseDots(pairs);
  NormalEquations equations;
  equations.materials = static_cast<int>(a.size());
  equations.bb = bb;
  for (std::size_t m = 0; m < a.size(); ++m) {
    const double* row = dots.data() + m * (a.size() + 1);
    equations.matrix.insert(equations.matrix.end(), row, row + a.size());
    equations.right.push_back(row[a.size()]);
  }
  return equations;
}

std::vector<double> SolveNormalEquations(const NormalEquations& equations) {
  const std::vector<int> present = PresentIn(equations);
  const int n = static_cast<int>(present.size());
  std::vector<double> result(equations.materials, 0.0);
  if (n == 0) return result;
  Eigen::MatrixXd matrix(n, n);
  Eigen::VectorXd right(n), scale(n);
  const auto entry = [&](int i, int j) {
    return equations.matrix[present[i] * equations.materials + present[j]];
  };
  // Scaled to ones on the diagonal, so that a material of few voxels counts as much as any other.
  for (int i = 0; i < n; ++i) scale[i] = 1 / std::sqrt(entry(i, i));
  for (int i = 0; i < n; ++i) {
    right[i] = scale[i] * equations.right[present[i]];
    for (int j = 0; j < n; ++j) matrix(i, j) = scale[i] * scale[j] * entry(i, j);
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> spectrum(matrix);
  constexpr double kSingular = 1e-9;  // projections are float32: less is rounding
  if (!(spectrum.eigenvalues()[0] > kSingular * spectrum.eigenvalues()[n - 1])) return {};
  const Eigen::VectorXd solution = scale.cwiseProduct(matrix.ldlt().solve(right));
  for (int i = 0; i < n; ++i) result[present[i]] = solution[i];
  return result;
}

GreyValueFit FitGreyValues(const NormalEquations& equations, absl::Span<const double> before) {
  GreyValueFit fit{.grey_values = {before.begin(), before.end()}, .warning = ""};
  const std::vector<int> present = PresentIn(equations);
  if (present.empty()) return fit;
  const std::vector<double> solution = SolveNormalEquations(equations);
  if (solution.empty()) {
    fit.warning = absl::StrFormat(
        "the projections cannot tell the %d materials apart: the grey values stay at %s 1/mm",
        present.size(), ListOf(before));
    return fit;
  }
  std::vector<double> fitted = fit.grey_values;
  for (const int m : present) fitted[m] = solution[m];
  std::sort(fitted.begin(), fitted.end());
  if (AreGreyValues(fitted)) {
    fit.grey_values = std::move(fitted);
  } else {
    fit.warning = absl::StrFormat(
        "the grey values that fit the projections best, %s 1/mm, are no attenuations of %d "
        "materials: they stay at %s 1/mm",
        ListOf(fitted), equations.materials, ListOf(before));
  }
  return fit;
}

std::string WarnOfDrift(const char* what, absl::Span<const double> given,
                        absl::Span<const double> fitted, const char* remedy) {
  constexpr double kFar = 1.5;
  for (std::size_t m = 0; m < given.size(); ++m) {
    const double ratio = fitted[m] / given[m];
    if (ratio < kFar && ratio > 1 / kFar) continue;
    return absl::StrFormat(
        "the fit has moved the %s from %s to %s; views over a short arc, or a beam that hardens, "
        "let it run away: check them, or keep those given with %s",
        what, ListOf(given), ListOf(fitted), remedy);
  }
  return "";
}

}  // namespace tomoslab
