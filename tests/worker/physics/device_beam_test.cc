// The GPU's bodies of beam models, run over all rays and voxels on the host.
#include "worker/physics/device_beam_bodies.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "worker/physics/line_integral.h"
#include "worker/physics/material_basis.h"

namespace tomoslab {
namespace {

/// Materials whose attenuation falls with the energy; the second share is 0.
BeamModel ModelOf(int materials) {
  BeamModel model;
  model.share = {0.05, 0, 0.25, 0.4, 0.2, 0.1};
  for (int m = 0; m < materials; ++m) {
    BeamMaterial material{"m", 0.02 * (m + 1) * (m + 1), {}};
    for (int e = 0; e < 6; ++e)
      material.attenuation_per_mm.push_back(0.3 * (m + 1) / std::pow(1 + e, 1.5));
    model.materials.push_back(material);
  }
  for (int e = 0; e < 6; ++e) model.energy_kev.push_back(20 + 10 * e);
  return model;
}

struct Paths {
  std::vector<std::vector<float>> of_material;
  device::MaterialSets sets{};

  Paths(int materials, std::size_t rays) : of_material(materials, std::vector<float>(rays)) {
    std::mt19937 generator(7);
    std::uniform_real_distribution<float> uniform(-0.2f, 60);
    for (int m = 0; m < materials; ++m) {
      for (float& path : of_material[m]) path = uniform(generator);
      of_material[m][0] = 0;
      of_material[m][1] = 4000;  // nothing comes through but what is taken out first
      sets.set[m] = of_material[m].data();
    }
    of_material[0][2] = std::numeric_limits<float>::quiet_NaN();
  }
};

TEST(DeviceBeam, LineIntegralsAndSlopesAreTheCpus) {
  constexpr int kRays = 1001;
  for (int materials = 1; materials <= kMostMaterials; ++materials) {
    const LineIntegral cpu(ModelOf(materials));
    Paths paths(materials, kRays);
    std::vector<float> expected(kRays);
    std::vector<std::vector<float>> slopes(materials, std::vector<float>(kRays));
    PerMaterial<const float> from{};
    PerMaterial<float> to{};
    for (int m = 0; m < materials; ++m) {
      from[m] = paths.of_material[m].data();
      to[m] = slopes[m].data();
    }
    cpu.ValuesAndSlopes(kRays, from, expected.data(), to);

    const device::BeamTable table{materials, cpu.energies(), cpu.share().data(),
                                  cpu.attenuation_per_mm().data()};
    std::vector<float> integrals(kRays);
    const device::LineIntegralBody body{table, paths.sets, integrals.data()};
    for (int ray = 0; ray < kRays; ++ray) {
      body(ray);
      if (ray == 2) {
        EXPECT_TRUE(std::isnan(integrals[ray]));
        continue;
      }
      ASSERT_NEAR(integrals[ray], expected[ray], 1e-6 + 1e-6 * std::abs(expected[ray])) << ray;
      for (int m = 0; m < materials; ++m)
        ASSERT_NEAR(paths.of_material[m][ray], slopes[m][ray], 3e-6 * slopes[m][ray]) << ray;
    }
  }
}

TEST(DeviceBeam, AmountsAndSlopesOfVoxelsAreTheBasis) {
  const MaterialBasis basis(std::vector<double>{0.02, 0.3, 0.9});
  std::vector<float> x;
  for (int i = -20; i < 120; ++i) x.push_back(0.01f * static_cast<float>(i));
  for (const double node : {0.02, 0.3, 0.9}) x.push_back(static_cast<float>(node));
  for (int m = 1; m <= 3; ++m) {
    std::vector<float> amounts(x.size()), sum(x.size(), 2.0f), added(x.size(), 3.0f);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto voxel = static_cast<std::int64_t>(i);
      device::AmountBody{basis.HatOf(m), x.data(), amounts.data()}(voxel);
      device::AddSlopeBody{basis.HatOf(m), x.data(), added.data(), 1, sum.data()}(voxel);
      EXPECT_EQ(amounts[i], static_cast<float>(basis.Amount(m, x[i])));
      EXPECT_EQ(sum[i], 2.0f + static_cast<float>(basis.Slope(m, x[i])) * 3.0f);
    }
  }
}

}  // namespace
}  // namespace tomoslab
