#include "worker/solvers/grey_value_fit.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tomoslab {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Of the projections a (one list per material) and b.
NormalEquations EquationsOf(const std::vector<std::vector<double>>& a,
                            const std::vector<double>& b) {
  const auto dot = [](const std::vector<double>& u, const std::vector<double>& v) {
    double sum = 0;
    for (std::size_t i = 0; i < u.size(); ++i) sum += u[i] * v[i];
    return sum;
  };
  NormalEquations equations;
  equations.materials = static_cast<int>(a.size());
  equations.bb = dot(b, b);
  for (const auto& row : a) {
    for (const auto& column : a) equations.matrix.push_back(dot(row, column));
    equations.right.push_back(dot(row, b));
  }
  return equations;
}

TEST(GreyValueFit, FindsTheValuesThatMadeTheProjections) {
  const auto equations = EquationsOf({{1, 2, 0}, {0, 1, 3}}, {0.1, 0.2 + 0.3, 0.9});
  const GreyValueFit fit = FitGreyValues(equations, {0.5, 0.6});
  EXPECT_THAT(fit.grey_values, ElementsAre(DoubleNear(0.1, 1e-12), DoubleNear(0.3, 1e-12)));
  EXPECT_EQ(fit.warning, "");
  EXPECT_NEAR(equations.Misfit(fit.grey_values), 0, 1e-12);
  // By hand: r = (−0.1, …) for ρ = (0, 0): ½ bᵀb.
  EXPECT_NEAR(equations.Misfit({0.0, 0.0}), 0.5 * (0.01 + 0.25 + 0.81), 1e-12);
}

TEST(GreyValueFit, SortsWhatChangesPlaces) {
  const GreyValueFit fit = FitGreyValues(EquationsOf({{1, 0}, {0, 1}}, {0.3, 0.1}), {0.1, 0.3});
  EXPECT_THAT(fit.grey_values, ElementsAre(DoubleNear(0.1, 1e-12), DoubleNear(0.3, 1e-12)));
}

TEST(GreyValueFit, AMaterialWithoutVoxelsKeepsItsValue) {
  const GreyValueFit fit = FitGreyValues(EquationsOf({{1, 1}, {0, 0}}, {0.2, 0.2}), {0.1, 0.7});
  EXPECT_THAT(fit.grey_values, ElementsAre(DoubleNear(0.2, 1e-12), 0.7));
  EXPECT_EQ(fit.warning, "");
  EXPECT_THAT(FitGreyValues(EquationsOf({{0, 0}}, {1, 1}), {0.1}).grey_values, ElementsAre(0.1));
}

TEST(GreyValueFit, SaysWhenTheDataDoNotTellMaterialsApart) {
  const GreyValueFit fit = FitGreyValues(EquationsOf({{1, 2}, {2, 4}}, {1, 2}), {0.1, 0.3});
  EXPECT_THAT(fit.grey_values, ElementsAre(0.1, 0.3));
  EXPECT_THAT(fit.warning, HasSubstr("cannot tell the 2 materials apart"));
}

TEST(GreyValueFit, RefusesWhatIsNoAttenuation) {
  const GreyValueFit negative = FitGreyValues(EquationsOf({{1, 0}, {0, 1}}, {-0.2, 1}), {0.1, 0.3});
  EXPECT_THAT(negative.grey_values, ElementsAre(0.1, 0.3));
  EXPECT_THAT(negative.warning, HasSubstr("no attenuations"));
  const GreyValueFit equal = FitGreyValues(EquationsOf({{1, 0}, {0, 1}}, {0.2, 0.2}), {0.1, 0.3});
  EXPECT_THAT(equal.grey_values, ElementsAre(0.1, 0.3));
}

TEST(WarnOfDriftTest, SpeaksOfValuesThatLeftTheirPlace) {
  EXPECT_EQ(WarnOfDrift("grey values", {0.04, 0.1}, {0.05, 0.08}, "x"), "");
  const std::string warning =
      WarnOfDrift("grey values", {0.04, 0.1}, {0.04, 0.16}, "fixed_grey_values");
  EXPECT_NE(warning.find("grey values from 0.04, 0.1 to 0.04, 0.16"), std::string::npos) << warning;
  EXPECT_NE(warning.find("fixed_grey_values"), std::string::npos) << warning;
  EXPECT_NE(WarnOfDrift("grey values", {0.04}, {0.02}, "x"), "");
}

}  // namespace
}  // namespace tomoslab
