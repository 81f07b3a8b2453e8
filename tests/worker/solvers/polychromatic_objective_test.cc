#include "worker/solvers/polychromatic_objective.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/beam_models.h"
#include "tests/support/dense_operator.h"
#include "tests/support/figure.h"
#include "tests/support/parallel_matrix.h"

namespace tomoslab {
namespace {

using testing::AluminiumAndIron;
using testing::DoubleLineIntegral;
using testing::ParallelMatrix;
using InDouble = PolychromaticObjective<DenseOperator, DoubleLineIntegral>;
using InFloat = PolychromaticObjective<DenseFieldOperator>;

constexpr int kSize = 48;
constexpr double kVoxelMm = 0.3;

const Matrix& A48() {
  static const Matrix matrix = ParallelMatrix(kSize, 20, kVoxelMm);
  return matrix;
}

/// A disc of half the width: aluminium and iron and everything between, no voxel within 1e-3 of a
/// node, where φ has a kink.
std::vector<double> Image() {
  std::mt19937 generator(5);
  std::uniform_real_distribution<double> uniform(0.002, 0.061);
  std::vector<double> image(kSize * kSize, 0.002);
  for (int y = 12; y < 36; ++y) {
    for (int x = 12; x < 36; ++x) image[y * kSize + x] = uniform(generator);
  }
  for (int y = 20; y < 24; ++y) {
    for (int x = 18; x < 23; ++x) image[y * kSize + x] = 0.1 + 9 * uniform(generator);
  }
  image[25 * kSize + 25] = 0.7;   // denser than iron
  image[2 * kSize + 3] = -0.003;  // below air
  return image;
}

std::vector<double> Random(std::size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> values(size);
  for (double& value : values) value = uniform(generator);
  return values;
}

/// Line integrals that the image does not explain: residuals of both signs.
std::vector<double> Data() {
  std::vector<double> b = Random(A48().size(), 9);
  for (double& value : b) value = 1 + 0.8 * value;
  return b;
}

template <class Vector>
Vector Filled(Vector vector, const std::vector<double>& values) {
  using Number = std::remove_reference_t<decltype(*vector.data())>;
  for (std::size_t i = 0; i < values.size(); ++i) vector.data()[i] = static_cast<Number>(values[i]);
  return vector;
}

struct Choice {
  MisfitDomain domain;
  MisfitWeights weights;
};
class PolychromaticGradient : public ::testing::TestWithParam<Choice> {
 protected:
  PolychromaticOptions options() const {
    return {.domain = GetParam().domain, .weights = GetParam().weights};
  }
};

/// |(f(x + h v) − f(x − h v)) / 2h − ⟨∇f, v⟩| / |⟨∇f, v⟩|
template <class Objective, class Op>
double DirectionalError(const Op& A, const PolychromaticOptions& options,
                        const std::vector<double>& direction, double step) {
  const auto b = Filled(A.NewProjections(), Data());
  Objective f(A, b, AluminiumAndIron(), options);
  const auto x = Filled(A.NewVolume(), Image()), v = Filled(A.NewVolume(), direction);
  auto g = A.NewVolume();
  f.Value(x);
  f.Gradient(x, g);
  const double slope = Dot(g, v);
  const auto value_at = [&](double t) {
    auto moved = A.NewVolume();
    Copy(x, moved);
    Axpy(t, v, moved);
    return f.Value(moved);
  };
  const double difference = (value_at(step) - value_at(-step)) / (2 * step);
  return std::abs(difference - slope) / std::abs(slope);
}

TEST_P(PolychromaticGradient, MatchesCentralDifferencesInDouble) {  // A5
  const DenseOperator A(A48());
  for (unsigned seed : {1, 2, 3}) {
    const double error =
        DirectionalError<InDouble>(A, options(), Random(kSize * kSize, seed), 1e-4);
    testing::ExpectAtMost("A5 gradient against central differences, double", error, 1e-6);
  }
  for (int voxel : {14 * kSize + 20, 21 * kSize + 20, 25 * kSize + 25, 2 * kSize + 3}) {
    std::vector<double> one(kSize * kSize, 0.0);
    one[voxel] = 1;
    EXPECT_LE(DirectionalError<InDouble>(A, options(), one, 1e-4), 1e-6) << "voxel " << voxel;
  }
}

TEST_P(PolychromaticGradient, MatchesCentralDifferencesInFloat) {  // A5
  const DenseFieldOperator A(A48());
  // All voxels brighter: every ray's share of the difference has the same sign, far above rounding.
  const std::vector<double> direction(kSize * kSize, 1.0);
  const double error = DirectionalError<InFloat>(A, options(), direction, 1e-4);
  testing::ExpectAtMost("A5 gradient against central differences, float", error, 1e-4);
}

/// J v by its definition: μ̄_m ∘ A (φ'_m ∘ v), summed over materials; times −I for transmissions.
std::vector<double> Tangent(const DenseOperator& A, MisfitDomain domain,
                            const std::vector<double>& x, const std::vector<double>& v) {
  const BeamModel model = AluminiumAndIron();
  const MaterialBasis basis(NodesOf(model));
  std::vector<DenseVector> path, change;
  for (int m = 1; m <= basis.materials(); ++m) {
    DenseVector amount(x.size()), slope(x.size());
    for (std::size_t j = 0; j < x.size(); ++j) {
      amount.values[j] = basis.Amount(m, x[j]);
      slope.values[j] = basis.Slope(m, x[j]) * v[j];
    }
    A.Project(amount, path.emplace_back(A.NewProjections()));
    A.Project(slope, change.emplace_back(A.NewProjections()));
  }
  std::vector<double> result(A.NewProjections().values.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    double slopes[2];
    const double p =
        LineIntegralOf(model, {path[0].values[i], path[1].values[i]}, absl::MakeSpan(slopes));
    const double factor = domain == MisfitDomain::kLineIntegrals ? 1 : -std::exp(-p);
    result[i] = factor * (slopes[0] * change[0].values[i] + slopes[1] * change[1].values[i]);
  }
  return result;
}

TEST_P(PolychromaticGradient, IsTheTransposedTangentOfTheResidual) {  // A6: ⟨u, J v⟩ = ⟨Jᵀ u, v⟩
  const DenseOperator A(A48());
  const DenseVector x(Image()), v(Random(kSize * kSize, 7));
  const std::vector<double> tangent = Tangent(A, GetParam().domain, x.values, v.values);
  const DenseVector b(Data());
  InDouble f(A, b, AluminiumAndIron(), options());
  DenseVector g = A.NewVolume();
  f.Value(x);
  f.Gradient(x, g);
  // u = the weighted residual, computed here from p(x).
  PolychromaticProjection<DenseOperator, DoubleLineIntegral> projection(A, AluminiumAndIron());
  projection.Project(x);
  DenseVector p = A.NewProjections();
  projection.LineIntegrals(0, p.size(), p.data());
  double u_tangent = 0;
  for (std::size_t i = 0; i < tangent.size(); ++i) {
    const bool logarithmic = GetParam().domain == MisfitDomain::kLineIntegrals;
    const bool unit = GetParam().weights == MisfitWeights::kUnit;
    const double y = std::exp(-b.values[i]);
    const double residual = logarithmic ? p.values[i] - b.values[i] : std::exp(-p.values[i]) - y;
    const double weight = unit ? 1 : logarithmic ? y : 1 / y;
    u_tangent += weight * residual * tangent[i];
  }
  const double error = std::abs(u_tangent - Dot(g, v)) / std::abs(u_tangent);
  testing::ExpectAtMost("A6 <u, J v> against <J^T u, v>, double", error, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(
    Misfits, PolychromaticGradient,
    ::testing::Values(Choice{MisfitDomain::kLineIntegrals, MisfitWeights::kUnit},
                      Choice{MisfitDomain::kLineIntegrals, MisfitWeights::kStatistical},
                      Choice{MisfitDomain::kTransmissions, MisfitWeights::kUnit},
                      Choice{MisfitDomain::kTransmissions, MisfitWeights::kStatistical}));

TEST(PolychromaticObjective, ValueByHand) {
  // One ray through 2 mm of a voxel that is half way from aluminium to iron: 1 mm of each.
  const DenseOperator A(Matrix{{2.0}});
  const BeamModel model = AluminiumAndIron();
  const double p = LineIntegralOf(model, {1.0, 1.0});
  DenseVector b(1), x(1);
  b.values[0] = 1.5;
  x.values[0] = (model.materials[0].reference_per_mm + model.materials[1].reference_per_mm) / 2;
  const auto value = [&](MisfitDomain domain, MisfitWeights weights) {
    return InDouble(A, b, model, {.domain = domain, .weights = weights}).Value(x);
  };
  const double y = std::exp(-1.5), i = std::exp(-p);
  EXPECT_NEAR(value(MisfitDomain::kLineIntegrals, MisfitWeights::kUnit),
              0.5 * (p - 1.5) * (p - 1.5), 1e-14);
  EXPECT_NEAR(value(MisfitDomain::kLineIntegrals, MisfitWeights::kStatistical),
              0.5 * y * (p - 1.5) * (p - 1.5), 1e-14);
  EXPECT_NEAR(value(MisfitDomain::kTransmissions, MisfitWeights::kUnit), 0.5 * (i - y) * (i - y),
              1e-14);
  EXPECT_NEAR(value(MisfitDomain::kTransmissions, MisfitWeights::kStatistical),
              0.5 / y * (i - y) * (i - y), 1e-14);
}

TEST(PolychromaticObjective, AirHasNoLineIntegral) {  // A8: p(0) = 0
  const DenseFieldOperator A(A48());
  const Field nothing = A.NewProjections(), air = A.NewVolume();
  InFloat f(A, nothing, AluminiumAndIron(), {});
  const double integral = std::sqrt(2 * f.Value(air) / static_cast<double>(nothing.size()));
  testing::ExpectAtMost("A8 line integral of air, float", integral, 1e-6);
}

TEST(PolychromaticObjective, DataNormIsTheMisfitOfNoModel) {
  const DenseOperator A(Matrix{{1.0}, {1.0}});
  const DenseVector b({0.5, 2.0});
  const auto norm = [&](MisfitDomain domain, MisfitWeights weights) {
    return InDouble(A, b, AluminiumAndIron(), {.domain = domain, .weights = weights}).DataNorm();
  };
  EXPECT_NEAR(norm(MisfitDomain::kLineIntegrals, MisfitWeights::kUnit), std::sqrt(4.25), 1e-12);
  EXPECT_NEAR(norm(MisfitDomain::kLineIntegrals, MisfitWeights::kStatistical),
              std::sqrt(0.25 * std::exp(-0.5) + 4 * std::exp(-2.0)), 1e-12);
  EXPECT_NEAR(norm(MisfitDomain::kTransmissions, MisfitWeights::kUnit),
              std::sqrt(std::exp(-1.0) + std::exp(-4.0)), 1e-12);
  EXPECT_NEAR(norm(MisfitDomain::kTransmissions, MisfitWeights::kStatistical),
              std::sqrt(std::exp(-0.5) + std::exp(-2.0)), 1e-12);
}

TEST(PolychromaticObjective, LinearAdjointBackprojectsTheResidualOnce) {
  const DenseOperator A(A48());
  const DenseVector b(Data()), x(Image());
  InDouble f(A, b, AluminiumAndIron(), {.linear_adjoint = true});
  f.Value(x);
  DenseVector g = A.NewVolume(), expected = A.NewVolume(), residual = A.NewProjections();
  f.Gradient(x, g);
  EXPECT_EQ(A.projections, 2);
  EXPECT_EQ(A.backprojections, 1);
  PolychromaticProjection<DenseOperator, DoubleLineIntegral> projection(A, AluminiumAndIron());
  projection.Project(x);
  projection.LineIntegrals(0, residual.size(), residual.data());
  Subtract(residual, b, residual);
  A.Backproject(residual, expected);
  for (std::size_t j = 0; j < g.values.size(); ++j) {
    EXPECT_NEAR(g.values[j], expected.values[j], 1e-12);
  }
}

}  // namespace
}  // namespace tomoslab
