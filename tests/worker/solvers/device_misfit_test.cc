// The GPU's bodies of polychromatic misfits, run over all rays on the host.
#include "worker/solvers/device_misfit_bodies.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/beam_models.h"
#include "tests/support/dense_operator.h"
#include "tests/support/geometries.h"
#include "worker/solvers/poly_sirt.h"
#include "worker/solvers/polychromatic_objective.h"

namespace tomoslab {
namespace {

using testing::AluminiumAndIron;
using testing::Noise;

constexpr int kRays = 400;

/// One voxel per ray: path lengths are the voxels' amounts times 5 mm.
Matrix Diagonal() {
  Matrix matrix(kRays, std::vector<double>(kRays, 0.0));
  for (int i = 0; i < kRays; ++i) matrix[i][i] = 5;
  return matrix;
}

std::vector<double> Values(std::uint64_t seed, double middle, double width) {
  std::vector<double> values;
  for (int i = 0; i < kRays; ++i) values.push_back(middle + width * Noise(seed, i));
  return values;
}

/// The paths of the image x in every material, and b, for the bodies.
struct Rays {
  std::vector<std::vector<float>> paths;
  std::vector<float> b;
  LineIntegral model{AluminiumAndIron()};
  device::MaterialSets sets{};

  Rays(const std::vector<double>& x, const std::vector<double>& data)
      : b(data.begin(), data.end()) {
    const BeamModel beam = AluminiumAndIron();
    const MaterialBasis basis(NodesOf(beam));
    paths.resize(beam.materials.size());
    for (std::size_t m = 0; m < paths.size(); ++m) {
      for (const double value : x) {
        const double amount = basis.Amount(static_cast<int>(m) + 1, static_cast<float>(value));
        paths[m].push_back(5 * static_cast<float>(amount));
      }
      sets.set[m] = paths[m].data();
    }
  }
  device::BeamTable table() const {
    return {model.materials(), model.energies(), model.share().data(),
            model.attenuation_per_mm().data()};
  }
};

TEST(DeviceMisfit, ValueAndWhatGoesBackAreTheCpus) {
  const std::vector<double> x = Values(1, 0.1, 0.12), b = Values(2, 1.5, 1.4);
  const DenseFieldOperator A(Diagonal());
  for (const auto domain : {MisfitDomain::kLineIntegrals, MisfitDomain::kTransmissions}) {
    for (const auto weights : {MisfitWeights::kUnit, MisfitWeights::kStatistical}) {
      for (const bool linear : {false, true}) {
        if (linear && domain == MisfitDomain::kTransmissions) continue;
        Field image = A.NewVolume(), data = A.NewProjections(), gradient = A.NewVolume();
        std::copy(x.begin(), x.end(), image.data());
        std::copy(b.begin(), b.end(), data.data());
        PolychromaticObjective f(A, data, AluminiumAndIron(), {domain, weights, linear});
        const double expected = f.Value(image);
        f.Gradient(image, gradient);

        Rays rays(x, b);
        const RayMisfit<float> misfit{domain, weights};
        const device::MisfitBody body{
            rays.table(), rays.sets, rays.b.data(), misfit,
            linear ? device::MisfitAdjoint::kLinear : device::MisfitAdjoint::kSlopes};
        double value = 0, norm = 0;
        for (int ray = 0; ray < kRays; ++ray) {
          value += 0.5 * body(ray);
          norm += device::MisfitDataBody{rays.b.data(), misfit}(ray);
        }
        EXPECT_NEAR(value, expected, 1e-6 * expected);
        EXPECT_NEAR(std::sqrt(norm), f.DataNorm(), 1e-6 * f.DataNorm());

        const MaterialBasis basis(NodesOf(AluminiumAndIron()));
        const double largest = MaxAbs(gradient);
        for (int i = 0; i < kRays; ++i) {
          double back = linear ? 5 * rays.paths[0][i] : 0;
          for (int m = 1; m <= basis.materials() && !linear; ++m)
            back += 5 * rays.paths[m - 1][i] * basis.Slope(m, static_cast<float>(x[i]));
          ASSERT_NEAR(back, gradient.data()[i], 1e-5 * largest) << i;
        }
      }
    }
  }
}

TEST(DeviceMisfit, ResidualsAreTheCpus) {
  const std::vector<double> x = Values(3, 0.1, 0.12), b = Values(4, 1.5, 1.4);
  const DenseFieldOperator A(Diagonal());
  Field image = A.NewVolume(), data = A.NewProjections();
  std::copy(x.begin(), x.end(), image.data());
  std::copy(b.begin(), b.end(), data.data());
  PolychromaticProjection projection(A, AluminiumAndIron());
  const double expected = PolychromaticResidual(projection, data, image);

  Rays rays(x, b);
  double value = 0;
  for (int ray = 0; ray < kRays; ++ray)
    value += 0.5 * device::ResidualBody{rays.table(), rays.sets, rays.b.data()}(ray);
  EXPECT_NEAR(value, expected, 1e-6 * expected);
  for (int ray = 0; ray < kRays; ++ray)
    ASSERT_NEAR(rays.paths[0][ray], projection.set(0).data()[ray], 2e-6) << ray;
}

}  // namespace
}  // namespace tomoslab
