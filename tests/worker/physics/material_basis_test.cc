#include "worker/physics/material_basis.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/figure.h"

namespace tomoslab {
namespace {

// shared golden values (acceptance A4, poly_masks_P5): aluminium and iron at 70 keV.
const std::vector<double> kAlFe = {0.062129519, 0.642813546};

struct Golden {
  double x;
  double amount[2], slope[2];
};

TEST(MaterialBasisTest, AmountsAndSlopesAreThoseOfTheIndependentProgram) {
  const MaterialBasis basis(kAlFe);
  const Golden golden[] = {
      {-0.01, {-0.1609540868970835, 0}, {16.09540868970835, 0}},
      {0, {0, 0}, {16.09540868970835, 0}},
      {0.03, {0.48286226069125043, 0}, {16.09540868970835, 0}},
      {0.062129519, {1, 0}, {-1.7221069523236603, 1.7221069523236603}},
      {0.2, {0.7625722861496929, 0.23742771385030714}, {-1.7221069523236603, 1.7221069523236603}},
      {0.642813546, {0, 1}, {0, 1.555661056339967}},
      {0.8, {0, 1.2445288450719738}, {0, 1.555661056339967}}};
  double error = 0;
  for (const Golden& expected : golden) {
    for (int m = 1; m <= 2; ++m) {
      error = std::max({error, std::abs(basis.Amount(m, expected.x) - expected.amount[m - 1]),
                        std::abs(basis.Slope(m, expected.x) - expected.slope[m - 1])});
    }
  }
  testing::ExpectAtMost("A4 masks of P5 and their slopes against the golden values", error, 1e-12);
}

TEST(MaterialBasisTest, AmountsTimesNodesGiveTheValueBack) {
  double error = 0;
  for (const std::vector<double>& nodes :
       {std::vector<double>{0.2}, kAlFe, std::vector<double>{0.02, 0.05, 0.09, 0.3, 0.31, 2, 9}}) {
    const MaterialBasis basis(nodes);
    for (int i = -20; i <= 200; ++i) {
      const double x = 2 * nodes.back() * i / 200;
      EXPECT_NEAR(basis.VirtualAttenuation(x, nodes), x, 1e-12 * nodes.back());
      double sum = 0;
      for (int m = 1; m <= basis.materials(); ++m) sum += basis.Amount(m, x) * nodes[m - 1];
      error = std::max(error, std::abs(sum - x) / nodes.back());
    }
  }
  testing::ExpectAtMost("A8 amounts times nodes against the value, of the last node", error, 1e-12);
}

TEST(MaterialBasisTest, SlopesAreTheDerivativesOfTheAmounts) {
  const std::vector<double> nodes = {0.02, 0.05, 0.3};
  const MaterialBasis basis(nodes);
  for (double x : {-0.03, 0.007, 0.031, 0.12, 0.299, 0.7}) {
    for (int m = 1; m <= 3; ++m) {
      const double step = 1e-6;
      EXPECT_NEAR(basis.Slope(m, x),
                  (basis.Amount(m, x + step) - basis.Amount(m, x - step)) / (2 * step), 1e-7);
    }
  }
}

TEST(MaterialBasisTest, OneMaterialIsADensity) {
  const MaterialBasis basis(std::vector<double>{0.25});
  for (double x : {-1.0, 0.0, 0.1, 0.25, 3.0}) {
    EXPECT_DOUBLE_EQ(basis.Amount(1, x), x / 0.25);
    EXPECT_DOUBLE_EQ(basis.Slope(1, x), 4);
  }
}

// golden.json, segment.
TEST(MaterialBasisTest, LabelsChangeAtTheMiddlesAndTheMiddlesBelongToTheDenser) {
  const MaterialBasis basis(std::vector<double>{1, 3});
  const double x[] = {-1, 0.49, 0.5, 1.9, 2.0, 2.1, 9};
  const int label[] = {0, 0, 1, 1, 2, 2, 2};
  for (int i = 0; i < 7; ++i) EXPECT_EQ(basis.Label(x[i]), label[i]) << x[i];
}

TEST(MaterialBasisTest, VirtualAttenuationMixesTheTwoNeighbours) {
  const MaterialBasis basis(std::vector<double>{1, 3});
  const std::vector<double> at_other_energy = {0.5, 8};
  EXPECT_DOUBLE_EQ(basis.VirtualAttenuation(0.5, at_other_energy), 0.25);
  EXPECT_DOUBLE_EQ(basis.VirtualAttenuation(2, at_other_energy), 0.5 * 0.5 + 0.5 * 8);
  EXPECT_DOUBLE_EQ(basis.VirtualAttenuation(6, at_other_energy), 16);
}

}  // namespace
}  // namespace tomoslab
