#include "client/beam_options.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

TEST(BeamOptionsTest, FlagsBecomeABeamModel) {
  BeamOptions options;
  options.tube_kv = 120;
  options.target = "Mo";
  options.filters = {"Al 2", "Fe 0.7 Ni 0.3@8.2 0.1"};
  options.absorber = "CsI@4.51 0.5";
  options.energy_integrating = true;
  options.materials = {"pmma=C5H8O2@1.19", "Al"};
  options.reference_energy_kev = 60;
  options.scatter_fraction = 0.04;
  v1::BeamModel model;
  model.add_material()->set_name("of the job file");
  ASSERT_TRUE(ApplyBeamOptions(options, &model).ok());
  EXPECT_EQ(model.source().tube().voltage_kv(), 120);
  EXPECT_EQ(model.source().tube().target(), "Mo");
  ASSERT_EQ(model.source().filter_size(), 2);
  EXPECT_EQ(model.source().filter(0).composition().formula(), "Al");
  EXPECT_EQ(model.source().filter(0).thickness_mm(), 2);
  EXPECT_EQ(model.source().filter(1).composition().formula(), "Fe 0.7 Ni 0.3");
  EXPECT_EQ(model.source().filter(1).composition().density_g_per_cm3(), 8.2);
  EXPECT_EQ(model.source().filter(1).thickness_mm(), 0.1);
  EXPECT_EQ(model.detector().absorber().composition().formula(), "CsI");
  EXPECT_TRUE(model.detector().energy_integrating());
  ASSERT_EQ(model.material_size(), 2);
  EXPECT_EQ(model.material(0).name(), "pmma");
  EXPECT_EQ(model.material(0).composition().formula(), "C5H8O2");
  EXPECT_EQ(model.material(0).composition().density_g_per_cm3(), 1.19);
  EXPECT_EQ(model.material(1).name(), "");
  EXPECT_EQ(model.reference_energy_kev(), 60);
  EXPECT_EQ(model.scatter_fraction(), 0.04);
}

TEST(BeamOptionsTest, WhatIsNotSaidStaysTheJobFiles) {
  v1::BeamModel model;
  model.mutable_source()->mutable_tube()->set_voltage_kv(90);
  model.add_material()->mutable_composition()->set_formula("Ti");
  BeamOptions options;
  EXPECT_FALSE(options.IsSet());
  options.takeoff_angle_deg = 20;
  EXPECT_TRUE(options.IsSet());
  ASSERT_TRUE(ApplyBeamOptions(options, &model).ok());
  EXPECT_EQ(model.source().tube().voltage_kv(), 90);
  EXPECT_EQ(model.source().tube().takeoff_angle_deg(), 20);
  EXPECT_EQ(model.material(0).composition().formula(), "Ti");
}

TEST(BeamOptionsTest, ReadsASpectrumFromCsv) {
  const std::string path = ::testing::TempDir() + "/beam_options_spectrum.csv";
  std::ofstream(path) << "# counts\nenergy_keV,photons\n30,1\n60,2.5\n";
  BeamOptions options;
  options.spectrum_csv = path;
  v1::BeamModel model;
  ASSERT_TRUE(ApplyBeamOptions(options, &model).ok());
  std::remove(path.c_str());
  EXPECT_THAT(model.source().spectrum().energy_kev(), ::testing::ElementsAre(30, 60));
  EXPECT_THAT(model.source().spectrum().value(), ::testing::ElementsAre(1, 2.5));
}

TEST(BeamOptionsTest, RefusalsNameTheFlag) {
  struct Case {
    void (*spoil)(BeamOptions&);
    const char* says;
  };
  const Case cases[] = {
      {[](BeamOptions& o) { o.filters = {"Al"}; },
       "--filter: 'Al' is not a material and a thickness"},
      {[](BeamOptions& o) { o.filters = {"Al thick"}; }, "--filter: 'Al thick'"},
      {[](BeamOptions& o) { o.absorber = "CsI@dense 0.5"; }, "--detector: 'CsI@dense'"},
      {[](BeamOptions& o) { o.materials = {"Al@-1"}; }, "--material: 'Al@-1'"},
      {[](BeamOptions& o) { o.spectrum_csv = "/nowhere.csv"; }, "exclude each other"},
      {[](BeamOptions& o) { o.tube_kv.reset(), o.spectrum_csv = "/nowhere.csv"; },
       "--spectrum: /nowhere.csv: cannot be opened"},
      {[](BeamOptions& o) { o.tube_kv.reset(), o.target = "W"; }, "need --tube-kv"}};
  for (const Case& c : cases) {
    BeamOptions options;
    options.tube_kv = 100;
    c.spoil(options);
    v1::BeamModel model;
    const absl::Status status = ApplyBeamOptions(options, &model);
    EXPECT_FALSE(status.ok()) << c.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
  }
}

}  // namespace
}  // namespace tomoslab
