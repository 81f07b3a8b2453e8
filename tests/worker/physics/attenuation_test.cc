#include "worker/physics/attenuation.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

double At(const std::string& formula, double density, double energy_kev) {
  const auto attenuation = Attenuation::Of({formula, density});
  EXPECT_TRUE(attenuation.ok()) << attenuation.status();
  const auto per_mm = attenuation->At(energy_kev);
  EXPECT_TRUE(per_mm.ok()) << per_mm.status();
  return *per_mm;
}

// NIST XCOM with coherent scattering: Al 0.2778 cm2/g at 60 keV, 2.699 g/cm3; water 0.2059 cm2/g.
TEST(AttenuationTest, PublishedValuesInPerMillimetre) {
  EXPECT_NEAR(At("Al", 2.699, 60), 0.0750, 0.0750 * 0.005);
  EXPECT_NEAR(At("Al", 0, 60), 0.0750, 0.0750 * 0.005);
  EXPECT_NEAR(At("Water, Liquid", 0, 60), 0.0206, 0.0206 * 0.005);
  EXPECT_NEAR(At("H2O", 1, 60), 0.0206, 0.0206 * 0.005);
  EXPECT_NEAR(At("water, liquid", 0, 60), At("Water, Liquid", 0, 60), 0);
  EXPECT_NEAR(At("Fe", 7.874, 70), 0.642813546, 1e-6);  // acceptance, P5_alfe120, node 2
}

TEST(AttenuationTest, FractionsByWeightAddUp) {
  const double iron = At("Fe", 1, 60), nickel = At("Ni", 1, 60);
  EXPECT_NEAR(At("Fe 0.7 Ni 0.3", 8.2, 60), 8.2 * (0.7 * iron + 0.3 * nickel), 1e-12);
  EXPECT_NEAR(At("Fe 70 Ni 30", 8.2, 60), At("Fe 0.7 Ni 0.3", 8.2, 60), 1e-12);
  EXPECT_NEAR(At("H2O 0.5 NaCl 0.5", 1.5, 60), (At("H2O", 1.5, 60) + At("NaCl", 1.5, 60)) / 2,
              1e-12);
}

TEST(AttenuationTest, DensityScales) { EXPECT_NEAR(At("Ti", 9, 50), 2 * At("Ti", 4.5, 50), 1e-12); }

TEST(AttenuationTest, IodineJumpsAtItsEdge) {
  EXPECT_GT(At("I", 4.9, 33.3), 4 * At("I", 4.9, 33.0));
}

TEST(AttenuationTest, RefusalsSayWhyAndWhatToDo) {
  struct Case {
    Composition composition;
    const char* says;
  };
  const Case cases[] = {
      {{"", 1}, "the formula is empty"},
      {{"copper", 0}, "did you mean \"Cu\"?"},
      {{"Steel", 7.8}, "knows no material 'Steel'; did you mean \"Fe\""},
      {{"Watter, Liquid", 0}, "did you mean \"Water, Liquid\"?"},
      {{"Xyzzy", 1}, "Accepted are an element (\"Al\"), a chemical formula (\"CaCO3\")"},
      {{"CaCO3", 0}, "'CaCO3' has no density of its own"},
      {{"Fe 0.7 Ni 0.3", 0}, "set density_g_per_cm3"},
      {{"Fe 0.7 Ni 0.2", 8}, "add up to 0.9, not to 1"},
      {{"Fe -0.7 Ni 1.7", 8}, "the fraction by weight of Fe is -0.7"},
      {{"Fe 0.7 iron 0.3", 8}, "knows no material 'iron'; did you mean \"Fe\"?"},
      {{"Al", -1}, "density_g_per_cm3 = -1 is outside 0 .. 25 g/cm3"},
      {{"Al", 2700}, "is it in kg/m3?"},
      {{"Al", std::nan("")}, "density_g_per_cm3 = nan"},
      {{"ti", 0}, "did you mean \"Ti\""},
      {{"Uue", 1}, "knows no material 'Uue'"},
  };
  for (const Case& c : cases) {
    const absl::Status status = Attenuation::Of(c.composition).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
  }
}

TEST(AttenuationTest, XraylibHasLimits) {
  const auto iron = Attenuation::Of({"Fe", 0});
  for (const double energy : {0.9, 801.0, std::nan("")}) {
    const absl::Status status = iron->At(energy).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_THAT(std::string(status.message()), HasSubstr("cover 1 .. 800 keV"));
  }
  EXPECT_TRUE(iron->At(1).ok());
  EXPECT_TRUE(iron->At(800).ok());
}

TEST(EnergyTableTest, InterpolatesAndNeverExtrapolates) {
  const auto table = EnergyTable::Create({20, 30, 50}, {3, 2, 1});
  ASSERT_TRUE(table.ok());
  EXPECT_DOUBLE_EQ(*table->At(20), 3);
  EXPECT_DOUBLE_EQ(*table->At(25), 2.5);
  EXPECT_DOUBLE_EQ(*table->At(30), 2);
  EXPECT_DOUBLE_EQ(*table->At(45), 1.25);
  EXPECT_DOUBLE_EQ(*table->At(50), 1);
  for (const double energy : {19.9, 50.1}) {
    const absl::Status status = Attenuation(*table).At(energy).status();
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("outside the table, which covers 20 .. 50 keV"));
  }
}

TEST(EnergyTableTest, RefusalsNameTheEntry) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Case {
    std::vector<double> energy, value;
    const char* says;
  };
  const Case cases[] = {
      {{}, {}, "the table is empty"},
      {{10, 20}, {1}, "2 energies but 1 values"},
      {{10, 20, 20}, {1, 1, 1}, "energy_kev[2] = 20 follows 20: energies must ascend strictly"},
      {{20, 10}, {1, 1}, "energy_kev[1] = 10 follows 20"},
      {{0.5, 10}, {1, 1}, "energy_kev[0] = 0.5 is outside 1 .. 1000 keV"},
      {{10, 60000}, {1, 1}, "is it in eV or MeV?"},
      {{10, kInfinity}, {1, 1}, "energy_kev[1] = inf"},
      {{10, 20}, {1, -0.1}, "value[1] = -0.1 (at 20 keV) is not a number from 0"},
      {{10, 20}, {std::nan(""), 1}, "value[0] = nan"},
      {std::vector<double>(5001, 10), std::vector<double>(5001, 1), "5001 entries, more than 5000"},
  };
  for (const Case& c : cases) {
    const absl::Status status = EnergyTable::Create(c.energy, c.value).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
  }
}

TEST(FilterTest, DepthIsAttenuationTimesThickness) {
  const auto depths = FilterDepths({{"Al", 2.699}, 2}, {60});
  ASSERT_TRUE(depths.ok());
  EXPECT_NEAR((*depths)[0], 2 * At("Al", 2.699, 60), 1e-12);
  for (const double thickness : {0.0, -1.0, 1001.0, std::nan("")}) {
    const absl::Status status = FilterDepths({{"Al", 0}, thickness}, {60}).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr("thickness_mm"));
  }
}

}  // namespace
}  // namespace tomoslab
