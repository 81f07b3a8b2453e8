#include "worker/data/simulate_scan.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/worker/data/scratch_folder.h"
#include "worker/data/phantom_truth.h"

namespace tomoslab {
namespace {

const std::string kCases = std::string(TOMOSLAB_TEST_SOURCE) + "/tests/acceptance/cases/";

class AcceptanceCase : public testing::TestWithParam<const char*> {};

// An independent implementation (tests/acceptance/gen_data.py) computed these to 9 digits.
TEST_P(AcceptanceCase, ReproducesItsSpotValues) {
  const absl::StatusOr<PhantomCase> c = ReadPhantomCase(kCases + GetParam());
  ASSERT_TRUE(c.ok()) << c.status();
  ASSERT_FALSE(c->spots.empty());
  int last_view = -1;
  std::vector<double> transmission;
  for (const SpotValue& spot : c->spots) {
    if (spot.view != last_view) transmission = SimulateTransmission(*c, c->scan.views[spot.view]);
    last_view = spot.view;
    const double value = transmission[spot.row * c->scan.detector.columns + spot.column];
    EXPECT_NEAR(value / spot.transmission, 1, 1e-5)
        << "view " << spot.view << " row " << spot.row << " column " << spot.column;
  }
}

INSTANTIATE_TEST_SUITE_P(All, AcceptanceCase,
                         testing::Values("P1_mono.json", "P2_al100.json", "P3_pmal120.json",
                                         "P4_ti150.json", "P5_alfe120.json", "P6_alfe3d.json",
                                         "P7_ti3d.json"));

class SmallCase : public testing::Test {
 protected:
  absl::StatusOr<PhantomCase> Read(const std::string& geometry, const std::string& more = "",
                                   const PhantomCaseOptions& options = {}) {
    const std::string path = folder_.path() + "/case.json";
    std::ofstream(path)
        << R"({"name": "ball", "dim": 3, "materials": ["m"], "mono_mu_per_mm": {"m": 0.1},
      "phantom": [{"c": [0, 0, 0], "r": [5, 5, 5], "rot": 0, "mat": "m", "parent": null}], )"
        << more << R"("geometry": )" << geometry << "}";
    return ReadPhantomCase(path, options);
  }
  ScratchFolder folder_;
};

TEST_F(SmallCase, ParallelRayThroughTheCentre) {
  const auto c = Read(
      R"({"beam": "parallel", "Nx": 8, "Ny": 6, "Nz": 4, "voxel_mm": 1, "views": 3, "det_cols": 5, "det_rows": 3, "det_pitch_mm": 2})");
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->volume.columns, 8);
  EXPECT_EQ(c->volume.rows, 6);
  for (const View& view : c->scan.views) {
    EXPECT_NEAR(SimulateTransmission(*c, view)[1 * 5 + 2], std::exp(-1.0), 1e-12);
    EXPECT_NEAR(SimulateTransmission(*c, view)[1 * 5 + 4], std::exp(-0.6),
                1e-12);  // 4 mm off: chord 6 mm
  }
}

TEST_F(SmallCase, ShiftedDetectorAndAxisKeepTheCentralRayWhereGeometrySays) {
  const auto c = Read(
      R"({"beam": "cone", "N": 8, "Nz": 8, "voxel_mm": 1, "angles_deg": [0, 33, 71.5], "det_cols": 41, "det_rows": 31,
      "det_pitch_mm": 1, "det_pitch_v_mm": 2, "SO_mm": 100, "OD_mm": 100, "shift_u_mm": 4, "shift_v_mm": -6, "axis_offset_mm": 1})");
  ASSERT_TRUE(c.ok()) << c.status();
  ASSERT_EQ(c->scan.views.size(), 3u);
  for (const View& view : c->scan.views) {
    const DetectorPoint center = ProjectPoint(view, {0, 0, 0});
    EXPECT_NEAR(center.column, 20 - 4 + 2, 1e-9);  // the offset of 1 mm is magnified by 2
    EXPECT_NEAR(center.row, 15 + 3, 1e-9);
    EXPECT_NEAR(SimulateTransmission(*c, view)[18 * 41 + 18], std::exp(-1.0), 1e-12);
  }
}

TEST_F(SmallCase, VectorsGiveTheSameDataAsTheirOrbit) {
  const auto c = Read(
      R"({"beam": "cone", "N": 8, "voxel_mm": 1, "views": 1, "start_deg": 0, "det_cols": 5, "det_rows": 5, "det_pitch_mm": 2, "SO_mm": 50, "OD_mm": 50})");
  const auto v = Read(
      R"({"beam": "cone", "N": 8, "voxel_mm": 1, "det_cols": 5, "det_rows": 5, "det_pitch_mm": 2, "vectors": [[0, -50, 0, 0, 50, 0, 2, 0, 0, 0, 0, 2]]})");
  ASSERT_TRUE(c.ok() && v.ok()) << v.status();
  const std::vector<double> a = SimulateTransmission(*c, c->scan.views[0]),
                            b = SimulateTransmission(*v, v->scan.views[0]);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12);
}

TEST_F(SmallCase, TruthCountsTheFractionOfABorderVoxel) {
  const auto c = Read(
      R"({"beam": "parallel", "N": 12, "Nz": 12, "voxel_mm": 1, "views": 1, "det_cols": 1, "det_pitch_mm": 1, "center_mm": [5, 0, 0]})");
  ASSERT_TRUE(c.ok()) << c.status();
  double volume_mm3 = 0;
  for (int z = 0; z < 12; ++z) {
    const TruthSlice slice = SampleTruth(*c, z);
    for (const float value : slice.attenuation_per_mm) volume_mm3 += value / 0.1;
    EXPECT_EQ(slice.label[6 * 12 + 11], 0);
  }
  // The volume reaches from x = −1 to 11: a ball of radius 5 less the cap beyond x = −1, of
  // height 4.
  const double pi = 3.14159265358979, ball = 4.0 / 3 * pi * 125, cap = pi * 16 * (15 - 4) / 3;
  EXPECT_NEAR(volume_mm3 / (ball - cap), 1, 0.01);  // 4³ points a voxel
}

constexpr char kSmallScan[] =
    R"({"beam": "cone", "N": 12, "Nz": 12, "voxel_mm": 1, "views": 1, "det_cols": 1, "det_pitch_mm": 1, "SO_mm": 500, "OD_mm": 500})";

TEST_F(SmallCase, ATubeAndXraylibReplaceTheCasesXrays) {
  PhantomCaseOptions options;
  options.beam = PhantomBeam{{Tube{120}, {{{"Al", 0}, 2}}}, {}, 60};
  const auto c =
      Read(kSmallScan, R"("compositions": {"m": {"formula": "Al", "density_g_per_cm3": 2.7}}, )",
           options);
  ASSERT_TRUE(c.ok()) << c.status();
  const double aluminium = *Attenuation::Of({"Al", 2.7})->At(60);
  EXPECT_DOUBLE_EQ(c->node_per_mm[0], aluminium);
  double expected = 0;  // 10 mm of it
  for (std::size_t e = 0; e < c->beam.spectrum.share.size(); ++e) {
    expected += c->beam.spectrum.share[e] *
                std::exp(-10 * *Attenuation::Of({"Al", 2.7})->At(c->beam.spectrum.energy_kev[e]));
  }
  EXPECT_GT(c->beam.spectrum.share.size(), 100u);
  EXPECT_NEAR(SimulateTransmission(*c, c->scan.views[0])[0], expected, 1e-9);
}

TEST_F(SmallCase, ScatterIsOnTopOfEveryPixel) {
  constexpr char kAluminium[] =
      R"("compositions": {"m": {"formula": "Al", "density_g_per_cm3": 2.7}}, )";
  PhantomCaseOptions options;
  options.beam = PhantomBeam{{Tube{120}, {{{"Al", 0}, 2}}}, {}, 60};
  const auto clear = Read(kSmallScan, kAluminium, options);
  options.beam->scatter_fraction = 0.1;
  const auto c = Read(kSmallScan, kAluminium, options);
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_NEAR(SimulateTransmission(*c, c->scan.views[0])[0],
              0.9 * SimulateTransmission(*clear, clear->scan.views[0])[0] + 0.1, 1e-9);
}

TEST_F(SmallCase, AMaterialThatXraylibDoesNotKnowIsExplained) {
  PhantomCaseOptions options;
  options.beam = PhantomBeam{{Tube{120}, {}}, {}, 0};
  const absl::Status status = Read(kSmallScan, "", options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("knows no material 'm'"), std::string::npos) << status;
  EXPECT_NE(status.message().find("key 'compositions'"), std::string::npos) << status;
}

TEST_F(SmallCase, BadFilesAreExplained) {
  EXPECT_EQ(ReadPhantomCase("/nowhere/case.json").status().code(), absl::StatusCode::kNotFound);
  const auto missing = Read(
      R"({"beam": "cone", "N": 8, "voxel_mm": 1, "views": 4, "det_cols": 4, "det_pitch_mm": 1})");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(missing.status().message().find("SO_mm"), std::string::npos) << missing.status();
  const auto text = Read(R"({"det_cols": "many"})");
  EXPECT_NE(text.status().message().find("many"), std::string::npos) << text.status();
  std::ofstream(folder_.path() + "/broken.json") << "{ \"dim\": ";
  EXPECT_EQ(ReadPhantomCase(folder_.path() + "/broken.json").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(PhotonNoise, HasPoissonMeanAndVarianceAndRepeats) {
  std::vector<double> a(20000, 0.5), b(20000, 0.5), other(20000, 0.5);
  AddPhotonNoise(1000, 7, 3, a);
  AddPhotonNoise(1000, 7, 3, b);
  AddPhotonNoise(1000, 7, 4, other);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, other);
  double mean = 0, variance = 0;
  for (const double value : a) mean += value * 1000 / 20000;
  for (const double value : a) variance += std::pow(value * 1000 - mean, 2) / 20000;
  EXPECT_NEAR(mean, 500, 1);       // standard error 0.16
  EXPECT_NEAR(variance, 500, 25);  // standard error 5
}

TEST(PhotonNoise, KeepsHalfAPhotonWhereNoneArrives) {
  std::vector<double> dark(10, 1e-9);
  AddPhotonNoise(100, 0, 0, dark);
  for (const double value : dark) EXPECT_DOUBLE_EQ(value, 0.005);
}

}  // namespace
}  // namespace tomoslab
