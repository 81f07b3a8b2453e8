#include "worker/physics/tube_spectrum.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "worker/physics/spectrum.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

Spectrum Filtered(const Tube& tube, const std::vector<Filter>& filters) {
  const auto spectrum = DetectedSpectrum({tube, filters}, {});
  EXPECT_TRUE(spectrum.ok()) << spectrum.status();
  return *spectrum;
}

/// E μ_en/ρ of air, keV cm²/g (Hubbell & Seltzer, NISTIR 5632): what a photon adds to the dose.
double AirKermaWeight(double energy_kev) {
  struct Entry {
    double energy, value;
  };
  static const Entry entries[] = {{5, 39.31},     {6, 22.70},     {8, 9.446},    {10, 4.742},
                                  {15, 1.334},    {20, 0.5389},   {30, 0.1537},  {40, 0.06833},
                                  {50, 0.04098},  {60, 0.03041},  {80, 0.02407}, {100, 0.02325},
                                  {150, 0.02496}, {200, 0.02672}, {300, 0.02872}};
  std::size_t i = 1;
  while (i + 1 < std::size(entries) && entries[i].energy < energy_kev) ++i;
  const Entry &a = entries[i - 1], &b = entries[i];
  const double t = std::log(energy_kev / a.energy) / std::log(b.energy / a.energy);
  return energy_kev * a.value * std::pow(b.value / a.value, t);
}

/// The thickness that halves the dose to air.
double HalfValueLayerMm(const Spectrum& spectrum, const std::string& material) {
  const auto attenuation = Attenuation::Of({material, 0});
  const auto dose = [&](double thickness_mm) {
    double sum = 0;
    for (std::size_t e = 0; e < spectrum.share.size(); ++e) {
      const double energy = spectrum.energy_kev[e];
      sum += spectrum.share[e] * AirKermaWeight(energy) *
             std::exp(-thickness_mm * *attenuation->At(energy));
    }
    return sum;
  };
  double low = 0, high = 100;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (dose(middle) > dose(0) / 2 ? low : high) = middle;
  }
  return low;
}

// First half-value layers that PTB measured (Ankerhold, PTB-Dos-34, 2000): tungsten, 20 degrees,
// 1 mm Be and the aluminium given, 0.95 m of air.
TEST(TubeSpectrumTest, HalfValueLayersAreTheMeasuredOnes) {
  struct Measured {
    double voltage_kv, aluminium_mm, layer_mm;
  };
  const Measured beams[] = {{40, 2.5, 1.36}, {50, 2.5, 1.72},  {60, 2.5, 2.02},  {70, 2.5, 2.29},
                            {80, 2.5, 2.59}, {90, 2.5, 2.91},  {100, 2.5, 3.23}, {120, 2.5, 3.88},
                            {40, 6.5, 2.13}, {50, 12.5, 3.67}, {60, 18.5, 5.24}, {70, 23.5, 6.64},
                            {80, 28.5, 7.96}};
  for (const Measured& beam : beams) {
    const Spectrum spectrum = Filtered(
        {beam.voltage_kv, "W", 20},
        {{{"Be", 0}, 1}, {{"Al", 0}, beam.aluminium_mm}, {{"Air, Dry (near sea level)", 0}, 950}});
    const double layer = HalfValueLayerMm(spectrum, "Al");
    EXPECT_NEAR(layer, beam.layer_mm, 0.04 * beam.layer_mm)
        << beam.voltage_kv << " kV, " << beam.aluminium_mm << " mm Al";
  }
}

// The same laboratory's narrow and wide series, half-value layers in mm of copper.
TEST(TubeSpectrumTest, HeavilyFilteredBeamsToo) {
  struct Measured {
    double voltage_kv, copper_mm, tin_mm, layer_mm;
  };
  const Measured beams[] = {
      {100, 5, 0, 1.09}, {120, 5, 1, 1.67}, {150, 0, 2.5, 2.30}, {300, 0, 6.5, 5.03}};
  for (const Measured& beam : beams) {
    std::vector<Filter> filters = {{{"Be", 0}, 7}, {{"Al", 0}, 4}};
    if (beam.copper_mm > 0) filters.push_back({{"Cu", 0}, beam.copper_mm});
    if (beam.tin_mm > 0) filters.push_back({{"Sn", 0}, beam.tin_mm});
    const double layer = HalfValueLayerMm(Filtered({beam.voltage_kv, "W", 20}, filters), "Cu");
    EXPECT_NEAR(layer, beam.layer_mm, 0.03 * beam.layer_mm) << beam.voltage_kv << " kV";
  }
}

// SpekCalc (Poludniowski et al., Phys. Med. Biol. 54, 2009), 12 degrees, 1 m of air: 110 kV, 3.4 mm
// Al and 0.2 mm Cu: mean 61.6 keV, 7.53 mm Al; 80 kV, 0.5 mm Al: mean 36.7 keV, 1.05 mm Al.
TEST(TubeSpectrumTest, AgreesWithAnotherModel) {
  const Filter air{{"Air, Dry (near sea level)", 0}, 1000};
  const Spectrum hard = Filtered({110}, {{{"Al", 0}, 3.4}, {{"Cu", 0}, 0.2}, air});
  EXPECT_NEAR(MeanEnergyKev(hard), 61.56, 0.03 * 61.56);
  EXPECT_NEAR(HalfValueLayerMm(hard, "Al"), 7.531, 0.03 * 7.531);
  const Spectrum soft = Filtered({80}, {{{"Al", 0}, 0.5}, air});
  EXPECT_NEAR(MeanEnergyKev(soft), 36.68, 0.05 * 36.68);
  // Hardly filtered beams come out harder than SpekCalc's.
  EXPECT_NEAR(HalfValueLayerMm(soft, "Al"), 1.0527, 0.20 * 1.0527);
}

// 100 and 120 kV with 1 to 2.5 mm Al: published models lie in these ranges (TASMIP, SpekCalc,
// IPEM 78: 100 kV with 2.5 mm Al 3.3 .. 3.9 mm, 120 kV 4.0 .. 4.7 mm).
TEST(TubeSpectrumTest, LabBeamsLieInPublishedRanges) {
  const auto beam = [](double kv, double al) { return Filtered({kv}, {{{"Al", 0}, al}}); };
  EXPECT_THAT(HalfValueLayerMm(beam(100, 2.5), "Al"),
              ::testing::AllOf(::testing::Gt(3.3), ::testing::Lt(3.9)));
  EXPECT_THAT(HalfValueLayerMm(beam(120, 2.5), "Al"),
              ::testing::AllOf(::testing::Gt(4.0), ::testing::Lt(4.7)));
  EXPECT_THAT(MeanEnergyKev(beam(100, 1)), ::testing::AllOf(::testing::Gt(42), ::testing::Lt(47)));
  EXPECT_THAT(MeanEnergyKev(beam(100, 2.5)),
              ::testing::AllOf(::testing::Gt(47), ::testing::Lt(53)));
  EXPECT_THAT(MeanEnergyKev(beam(120, 1)), ::testing::AllOf(::testing::Gt(47), ::testing::Lt(52)));
  EXPECT_THAT(MeanEnergyKev(beam(120, 2.5)),
              ::testing::AllOf(::testing::Gt(52), ::testing::Lt(58)));
}

double ShareAt(const Spectrum& spectrum, double energy_kev) {
  for (std::size_t e = 0; e < spectrum.share.size(); ++e) {
    if (std::abs(spectrum.energy_kev[e] - energy_kev) < 0.02) return spectrum.share[e];
  }
  return 0;
}

TEST(TubeSpectrumTest, TungstensLinesAreAtTheirEnergiesInTheirRatios) {
  const Spectrum spectrum = Filtered({120}, {{{"Al", 0}, 2.5}});
  const double alpha1 = ShareAt(spectrum, 59.318), alpha2 = ShareAt(spectrum, 57.981);
  const double beta1 = ShareAt(spectrum, 67.244);
  EXPECT_NEAR(alpha2 / alpha1, 0.576, 0.02);
  EXPECT_NEAR(beta1 / alpha1, 0.215, 0.03);
  EXPECT_NEAR(alpha1 + alpha2 + beta1, 0.07, 0.02);  // of all photons; SpekCalc's K part: 8 %
  EXPECT_EQ(ShareAt(Filtered({69}, {{{"Al", 0}, 2.5}}), 59.318), 0);  // below the K edge: none
}

TEST(TubeSpectrumTest, OtherTargetsHaveTheirLines) {
  const Spectrum molybdenum = Filtered({35, "Mo"}, {{{"Mo", 0}, 0.03}});
  const double lines = ShareAt(molybdenum, 17.48) + ShareAt(molybdenum, 17.374);
  EXPECT_GT(lines, 0.2);
  EXPECT_LT(lines, 0.7);
  const auto copper = TubeSpectrum({40, "Cu"});
  ASSERT_TRUE(copper.ok());
  EXPECT_GT(ShareAt(*copper, 8.047), 0);
  const auto tungsten = TubeSpectrum({40, "W"});  // L alpha and L beta
  EXPECT_GT(ShareAt(*tungsten, 8.398), 0);
  EXPECT_GT(ShareAt(*tungsten, 9.672), 0);
}

TEST(TubeSpectrumTest, EnergiesAscendAndEndBelowTheVoltage) {
  for (const double voltage : {10.0, 69.6, 100.0, 101.0, 225.0, 450.0, 500.0}) {
    const auto spectrum = TubeSpectrum({voltage});
    ASSERT_TRUE(spectrum.ok());
    EXPECT_TRUE(std::is_sorted(spectrum->energy_kev.begin(), spectrum->energy_kev.end(),
                               [](double a, double b) { return a <= b; }));
    EXPECT_LT(spectrum->energy_kev.back(), voltage);
    for (const double share : spectrum->share) EXPECT_TRUE(std::isfinite(share) && share >= 0);
  }
}

TEST(TubeSpectrumTest, GrazingTakeoffHardens) {
  const std::vector<Filter> filters = {{{"Al", 0}, 1}};
  EXPECT_GT(MeanEnergyKev(Filtered({100, "W", 3}, filters)),
            MeanEnergyKev(Filtered({100, "W", 30}, filters)) + 1);
}

TEST(TubeSpectrumTest, RefusalsSayWhy) {
  struct Case {
    Tube tube;
    const char* says;
  };
  const Case cases[] = {{{0}, "voltage_kv = 0 is outside 10 .. 500 kV"},
                        {{120000}, "is it in volts?"},
                        {{std::nan("")}, "voltage_kv = nan"},
                        {{100, "Tungsten"}, "target = 'Tungsten' is no element's symbol"},
                        {{100, ""}, "target = ''"},
                        {{100, "W", 0}, "takeoff_angle_deg = 0 is outside 0 (excluded) .. 90"},
                        {{100, "W", 91}, "takeoff_angle_deg = 91"}};
  for (const Case& c : cases) {
    const absl::Status status = TubeSpectrum(c.tube).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
  }
}

EnergyTable Table(std::vector<double> energy, std::vector<double> value) {
  return *EnergyTable::Create(std::move(energy), std::move(value));
}

TEST(DetectedSpectrumTest, SharesByHand) {
  const Source source{Table({20, 40, 60}, {1, 2, 0}), {}};
  const auto counted = DetectedSpectrum(source, {});
  ASSERT_TRUE(counted.ok());
  EXPECT_EQ(counted->energy_kev, (std::vector<double>{20, 40}));  // what has no share is left out
  EXPECT_NEAR(counted->share[0], 1.0 / 3, 1e-15);
  DetectorResponse integrating;
  integrating.energy_integrating = true;
  EXPECT_NEAR(DetectedSpectrum(source, integrating)->share[0], 20.0 / 100, 1e-15);
  DetectorResponse table;
  table.table = Table({10, 50}, {1, 0});
  EXPECT_NEAR(DetectedSpectrum(source, table)->share[0], 0.75 / (0.75 + 2 * 0.25), 1e-15);
}

TEST(DetectedSpectrumTest, AbsorberAndFilterFollowBeer) {
  const double at20 = *Attenuation::Of({"Al", 0})->At(20);
  const double at40 = *Attenuation::Of({"Al", 0})->At(40);
  const EnergyTable emission = Table({20, 40}, {1, 1});
  const auto filtered = DetectedSpectrum({emission, {{{"Al", 0}, 3}}}, {});
  EXPECT_NEAR(filtered->share[1] / filtered->share[0], std::exp(3 * (at20 - at40)), 1e-9);
  DetectorResponse detector;
  detector.absorber = Filter{{"Al", 0}, 0.5};
  const auto absorbed = DetectedSpectrum({emission, {}}, detector);
  EXPECT_NEAR(absorbed->share[1] / absorbed->share[0],
              (1 - std::exp(-0.5 * at40)) / (1 - std::exp(-0.5 * at20)), 1e-9);
}

TEST(DetectedSpectrumTest, RefusalsSayWhichPart) {
  const Source good{Tube{100}, {{{"Al", 0}, 1}}};
  DetectorResponse unknown, narrow;
  unknown.absorber = Filter{{"CsI", 0}, 1};
  narrow.table = Table({1, 90}, {1, 1});
  struct Case {
    Source source;
    DetectorResponse detector;
    const char* says;
  };
  const Case cases[] = {
      {{Tube{5}, {}}, {}, "tube: voltage_kv = 5"},
      {{Tube{100}, {{{"Al", 0}, 1}, {{"Coper", 0}, 1}}},
       {},
       "filter[1]: xraylib knows no material 'Coper'"},
      {good, unknown, "detector.absorber: 'CsI' has no density"},
      {good, narrow, "detector.table: 90.25 keV lies outside the table"},
      {{Table({20, 30}, {0, 0}), {}}, {}, "all its shares are 0"},
      {{Tube{20}, {{{"Pb", 0}, 900}}}, {}, "nothing of the spectrum reaches the detector"},
      {{Table({900}, {1}), {{{"Al", 0}, 1}}}, {}, "filter[0]: 900 keV lies outside xraylib"}};
  for (const Case& c : cases) {
    const absl::Status status = DetectedSpectrum(c.source, c.detector).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
  }
}

}  // namespace
}  // namespace tomoslab
