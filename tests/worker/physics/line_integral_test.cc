#include "worker/physics/line_integral.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/figure.h"

namespace tomoslab {
namespace {

BeamModel Model(std::vector<double> share, std::vector<std::vector<double>> attenuation) {
  BeamModel model;
  for (std::size_t e = 0; e < share.size(); ++e) model.energy_kev.push_back(20.0 + 10 * e);
  model.share = std::move(share);
  for (std::vector<double>& mu : attenuation) {
    model.materials.push_back({"m", mu.back(), std::move(mu)});
  }
  return model;
}

/// tests/acceptance/cases/P5_alfe120.json, compressed_spectrum: aluminium and iron.
BeamModel AluminiumAndIron() {
  return Model({0.001888091, 0.066597994, 0.218036936, 0.211216775, 0.225334255, 0.208785761,
                0.03248437, 0.035655819},
               {{0.808170134, 0.495625646, 0.182526472, 0.099400519, 0.078646068, 0.05863165,
                 0.049499866, 0.044375361},
                {17.63575901, 10.788939577, 3.557722058, 1.541247489, 1.036517801, 0.562089343,
                 0.36199603, 0.262358588}});
}

struct Rays {
  std::vector<std::vector<float>> path;  // [material][ray]
  std::vector<float> integral;
  std::vector<std::vector<float>> slope;

  Rays(int materials, std::size_t rays)
      : path(materials, std::vector<float>(rays)),
        integral(rays, -1),
        slope(materials, std::vector<float>(rays, -1)) {}
};

void Evaluate(const BeamModel& model, Rays& rays) {
  PerMaterial<const float> path{};
  PerMaterial<float> slope{};
  for (std::size_t m = 0; m < rays.path.size(); ++m) {
    path[m] = rays.path[m].data();
    slope[m] = rays.slope[m].data();
  }
  LineIntegral(model).ValuesAndSlopes(rays.integral.size(), path, rays.integral.data(), slope);
}

TEST(LineIntegralTest, MatchesTheIndependentProgram) {  // acceptance A4, poly_model_P5_compressed
  const BeamModel model = AluminiumAndIron();
  const double path[6][2] = {{0, 0}, {5, 0}, {20, 0}, {0, 1.5}, {12, 0.7}, {25, 3}};
  const double integral[6] = {1.1102230246251565e-16, 0.538919160962075,  1.7560879367342883,
                              1.5977223919090626,     1.7879575310518256, 3.9611048249104206};
  const double slope[6][2] = {
      {0.12847946078418995, 2.225104830639309},  {0.09455190006639257, 1.4264665710774818},
      {0.07309828750018954, 0.9134647329019262}, {0.0656514996104228, 0.7361830198706947},
      {0.06827124866460434, 0.79830199616056},   {0.05494890563242009, 0.48838083246467284}};
  Rays rays(2, 6);
  for (int i = 0; i < 6; ++i) {
    for (int m = 0; m < 2; ++m) rays.path[m][i] = static_cast<float>(path[i][m]);
  }
  Evaluate(model, rays);
  double integral_error = 0, slope_error = 0;
  for (int i = 0; i < 6; ++i) {
    std::vector<double> slopes(2);
    EXPECT_NEAR(LineIntegralOf(model, path[i], absl::MakeSpan(slopes)), integral[i],
                2e-9);  // the shares above, rounded, add up to 1 + 1e-9
    integral_error = std::max(integral_error, std::abs(rays.integral[i] - integral[i]));
    for (int m = 0; m < 2; ++m) {
      EXPECT_NEAR(slopes[m], slope[i][m], 1e-6 * slope[i][m]);
      slope_error = std::max(slope_error, std::abs(rays.slope[m][i] / slope[i][m] - 1));
    }
  }
  testing::ExpectAtMost("A4 p of P5 against the golden values, float", integral_error, 1e-6);
  testing::ExpectAtMost("A4 dp/dP of P5 against the golden values, float", slope_error, 1e-6);
}

TEST(LineIntegralTest, OneEnergyIsBeersLaw) {
  const BeamModel model = Model({1}, {{0.5}});
  std::vector<double> slope(1);
  EXPECT_DOUBLE_EQ(LineIntegralOf(model, {3.0}, absl::MakeSpan(slope)), 1.5);
  EXPECT_DOUBLE_EQ(slope[0], 0.5);
}

TEST(LineIntegralTest, TwoEnergiesByHand) {
  // I = ½ e⁻¹ + ½ e⁻³
  const BeamModel model = Model({0.5, 0.5}, {{1, 3}});
  const double near = std::exp(-1.0), far = std::exp(-3.0);
  std::vector<double> slope(1);
  EXPECT_NEAR(LineIntegralOf(model, {1.0}, absl::MakeSpan(slope)), -std::log((near + far) / 2),
              1e-15);
  EXPECT_NEAR(slope[0], (near + 3 * far) / (near + far), 1e-15);
}

// Odd counts and several materials: whole vectors, the rest, and more than one task of threads.
TEST(LineIntegralTest, ManyRaysEqualOneByOne) {
  std::mt19937 generator(3);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (const int materials : {1, 2, 3, 7}) {
    std::vector<std::vector<double>> attenuation(materials);
    for (int m = 0; m < materials; ++m) {
      for (int e = 0; e < 5; ++e) attenuation[m].push_back((m + 0.1) / (e + 1) / 3);
    }
    const BeamModel model = Model({0.1, 0.3, 0.2, 0.3, 0.1}, attenuation);
    for (const std::size_t count : {1, 7, 8, 33, 9001}) {
      Rays rays(materials, count);
      for (std::vector<float>& path : rays.path) {
        for (float& length : path) length = static_cast<float>(12 * uniform(generator) - 0.5);
      }
      Evaluate(model, rays);
      std::vector<float> values(count);
      PerMaterial<const float> path{};
      for (int m = 0; m < materials; ++m) path[m] = rays.path[m].data();
      LineIntegral(model).Values(count, path, values.data());
      for (std::size_t i = 0; i < count; ++i) {
        std::vector<double> length(materials), slope(materials);
        for (int m = 0; m < materials; ++m) length[m] = rays.path[m][i];
        const double expected = LineIntegralOf(model, length, absl::MakeSpan(slope));
        ASSERT_NEAR(rays.integral[i], expected, 1e-6 * (1 + std::abs(expected)));
        ASSERT_EQ(values[i], rays.integral[i]);
        for (int m = 0; m < materials; ++m) ASSERT_NEAR(rays.slope[m][i], slope[m], 2e-6 * (m + 1));
      }
    }
  }
}

TEST(LineIntegralTest, ResultsMayReplaceThePathLengths) {
  const BeamModel model = AluminiumAndIron();
  Rays apart(2, 37);
  for (int i = 0; i < 37; ++i) {
    apart.path[0][i] = static_cast<float>(i);
    apart.path[1][i] = static_cast<float>(0.1 * i);
  }
  Rays together = apart;
  Evaluate(model, apart);
  std::vector<float> integral(37);
  LineIntegral(model).ValuesAndSlopes(37, {together.path[0].data(), together.path[1].data()},
                                      integral.data(),
                                      {together.path[0].data(), together.path[1].data()});
  EXPECT_EQ(integral, apart.integral);
  EXPECT_EQ(together.path, apart.slope);
}

TEST(LineIntegralTest, ThickObjectsNeitherUnderflowNorLoseTheSlope) {
  const BeamModel model = AluminiumAndIron();
  Rays rays(2, 1);
  rays.path[1][0] = 2000;  // 2 m of iron: exp(−530)
  Evaluate(model, rays);
  EXPECT_NEAR(rays.integral[0], 2000 * 0.262358588 - std::log(0.035655819), 1e-3);
  EXPECT_NEAR(rays.slope[1][0], 0.262358588, 1e-6);
}

TEST(LineIntegralTest, NanStaysInItsRay) {
  const BeamModel model = AluminiumAndIron();
  Rays rays(2, 20);
  rays.path[0][3] = std::numeric_limits<float>::quiet_NaN();
  Evaluate(model, rays);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(std::isnan(rays.integral[i]), i == 3) << i;
}

TEST(LineIntegralTest, SlopesAreTheDerivativesOfTheValues) {
  const BeamModel model = AluminiumAndIron();
  std::vector<double> slope(2);
  LineIntegralOf(model, {12.0, 0.7}, absl::MakeSpan(slope));
  const double step = 1e-5;
  EXPECT_NEAR(slope[0],
              (LineIntegralOf(model, {12 + step, 0.7}) - LineIntegralOf(model, {12 - step, 0.7})) /
                  (2 * step),
              1e-9);
  EXPECT_NEAR(slope[1],
              (LineIntegralOf(model, {12, 0.7 + step}) - LineIntegralOf(model, {12, 0.7 - step})) /
                  (2 * step),
              1e-8);
}

TEST(LineIntegralTest, EnergiesWithoutShareDoNotCount) {
  const BeamModel model = Model({0, 1}, {{0.001, 0.5}});
  EXPECT_DOUBLE_EQ(LineIntegralOf(model, {400.0}), 200);
  EXPECT_EQ(LineIntegral(model).energies(), 1);
}

}  // namespace
}  // namespace tomoslab
