#include "worker/physics/spectrum_compression.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "worker/physics/attenuation.h"
#include "worker/physics/nonnegative_least_squares.h"
#include "worker/physics/spectrum.h"

namespace tomoslab {
namespace {

TEST(NonnegativeLeastSquaresTest, ByHand) {
  Eigen::MatrixXd a(2, 2);
  a << 1, 0, 0, 1;
  EXPECT_EQ(NonnegativeLeastSquares(a, Eigen::Vector2d(2, 3)), Eigen::Vector2d(2, 3));
  EXPECT_EQ(NonnegativeLeastSquares(a, Eigen::Vector2d(2, -3)), Eigen::Vector2d(2, 0));
  EXPECT_EQ(NonnegativeLeastSquares(a, Eigen::Vector2d(-2, -3)), Eigen::Vector2d(0, 0));
}

// Karush, Kuhn, Tucker: x ≥ 0, gradient Aᵀ(b − A x) ≤ 0, and their product 0.
TEST(NonnegativeLeastSquaresTest, SolutionsAreOptimal) {
  std::mt19937 generator(5);
  std::normal_distribution<double> normal;
  for (int problem = 0; problem < 50; ++problem) {
    const int rows = 3 + problem, columns = 2 + problem / 2;
    const auto random = [&](int r, int c) {
      return Eigen::MatrixXd(Eigen::MatrixXd::NullaryExpr(r, c, [&] { return normal(generator); }));
    };
    const Eigen::MatrixXd a = random(rows, columns);
    const Eigen::VectorXd b = random(rows, 1);
    const Eigen::VectorXd x = NonnegativeLeastSquares(a, b);
    const Eigen::VectorXd gradient = a.transpose() * (b - a * x);
    EXPECT_GE(x.minCoeff(), 0);
    EXPECT_LE(gradient.maxCoeff(), 1e-9);
    EXPECT_LE(x.cwiseProduct(gradient).cwiseAbs().maxCoeff(), 1e-9);
  }
}

using Attenuations = std::vector<std::vector<double>>;

double LineIntegralOf(const std::vector<double>& share, const Attenuations& attenuation,
                      const std::vector<std::size_t>& energy, const std::vector<double>& path) {
  double transmission = 0;
  for (std::size_t k = 0; k < share.size(); ++k) {
    double depth = 0;
    for (std::size_t m = 0; m < path.size(); ++m) depth += attenuation[m][energy[k]] * path[m];
    transmission += share[k] * std::exp(-depth);
  }
  return -std::log(transmission);
}

struct Beam {
  double voltage_kv;
  std::vector<std::string> materials;
  double longest_mm;
  std::size_t most_energies;
};

// On 20,000 random paths, none of them on the grid that the fit has seen.
TEST(CompressSpectrumTest, TheStatedErrorHoldsOnRandomPaths) {
  const Beam beams[] = {{100, {"Al"}, 54, 8},
                        {120, {"Polymethyl Methacralate (Lucite, Perspex)", "Al"}, 54, 8},
                        {150, {"Ti"}, 22, 8},
                        {120, {"Al", "Fe"}, 54, 11},
                        {120, {"Al", "Fe"}, 400, 11},
                        {150, {"Water, Liquid", "Al", "Fe"}, 100, 12}};
  std::mt19937 generator(11);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (const Beam& beam : beams) {
    DetectorResponse detector;
    detector.energy_integrating = true;
    detector.absorber = Filter{{"Cesium Iodide", 0}, 0.5};
    const auto spectrum = DetectedSpectrum({Tube{beam.voltage_kv}, {{{"Al", 0}, 2}}}, detector);
    ASSERT_TRUE(spectrum.ok()) << spectrum.status();
    Attenuations attenuation;
    for (const std::string& name : beam.materials) {
      attenuation.emplace_back();
      for (const double energy : spectrum->energy_kev) {
        attenuation.back().push_back(*Attenuation::Of({name, 0})->At(energy));
      }
    }
    const CompressedSpectrum few = CompressSpectrum(*spectrum, attenuation, beam.longest_mm, 1e-3);
    EXPECT_LE(few.error, 1e-3);
    EXPECT_LE(few.energy.size(), beam.most_energies);
    EXPECT_TRUE(std::is_sorted(few.energy.begin(), few.energy.end()));
    EXPECT_NEAR(std::accumulate(few.share.begin(), few.share.end(), 0.0), 1, 1e-12);
    std::vector<std::size_t> all(spectrum->share.size());
    std::iota(all.begin(), all.end(), 0);
    double worst = 0;
    for (int i = 0; i < 20000; ++i) {
      std::vector<double> path;
      double sum = 0;
      for (std::size_t m = 0; m < attenuation.size(); ++m) {
        path.push_back(-std::log(uniform(generator)));
        sum += path.back();
      }
      const double length = beam.longest_mm * std::pow(uniform(generator), 3) / sum;
      for (double& part : path) part *= length;
      const double exact = LineIntegralOf(spectrum->share, attenuation, all, path);
      if (exact > kDeepestLineIntegral) continue;
      worst = std::max(worst,
                       std::abs(exact - LineIntegralOf(few.share, attenuation, few.energy, path)));
    }
    EXPECT_LE(worst, 1.3 * few.error) << beam.voltage_kv << " kV, " << beam.materials.size();
    EXPECT_GE(worst, 0.2 * few.error);  // the paths reach where the error is
  }
}

TEST(CompressSpectrumTest, ASmallerToleranceTakesMoreEnergies) {
  const auto spectrum = DetectedSpectrum({Tube{120}, {{{"Al", 0}, 2}}}, {});
  Attenuations attenuation(1);
  for (const double energy : spectrum->energy_kev) {
    attenuation[0].push_back(*Attenuation::Of({"Fe", 0})->At(energy));
  }
  std::size_t energies = 0;
  for (const double tolerance : {1e-2, 1e-3, 1e-4, 1e-5}) {
    const CompressedSpectrum few = CompressSpectrum(*spectrum, attenuation, 10, tolerance);
    EXPECT_LE(few.error, tolerance);
    EXPECT_GT(few.energy.size(), energies);
    energies = few.energy.size();
  }
}

TEST(CompressSpectrumTest, OneEnergyStaysOneEnergy) {
  const CompressedSpectrum few = CompressSpectrum({{60}, {1}}, {{0.05}}, 100, 1e-3);
  EXPECT_EQ(few.energy, std::vector<std::size_t>{0});
  EXPECT_EQ(few.share, std::vector<double>{1});
  EXPECT_LE(few.error, 1e-12);
}

}  // namespace
}  // namespace tomoslab
