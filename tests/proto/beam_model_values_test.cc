#include "proto/beam_model_values.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

constexpr Volume kVolume{128, 128, 64, 0.3, 0.3, {}};

v1::BeamModel FromJson(const std::string& json) {
  v1::BeamModel message;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message);
  EXPECT_TRUE(status.ok()) << status;
  return message;
}

v1::BeamModel AluminiumAndIron() {
  return FromJson(R"({
    "source": {"tube": {"voltageKv": 120},
               "filter": [{"composition": {"formula": "Al"}, "thicknessMm": 2}]},
    "detector": {"energyIntegrating": true,
                 "absorber": {"composition": {"formula": "CsI", "densityGPerCm3": 4.51}, "thicknessMm": 0.5}},
    "material": [{"composition": {"formula": "Fe"}},
                 {"name": "aluminium", "composition": {"formula": "Al", "densityGPerCm3": 2.7}}],
    "referenceEnergyKev": 70})");
}

TEST(BeamModelValuesTest, ReadsTubeFiltersDetectorAndMaterials) {
  const auto made = MakeBeamModel(AluminiumAndIron(), kVolume);
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_EQ(made->model.materials.size(), 2u);
  EXPECT_EQ(made->model.materials[0].name, "aluminium");
  EXPECT_EQ(made->model.materials[1].name, "Fe");  // the formula where there is no name
  EXPECT_NEAR(made->model.materials[1].reference_per_mm, 0.642813546, 1e-8);
  EXPECT_EQ(made->model.reference_energy_kev, 70);
  EXPECT_LE(made->model.compression_error, 1e-3);
  const auto description = ToBeamDescription(AluminiumAndIron());
  EXPECT_EQ(std::get<Tube>(description->source.emission).target, "W");
  EXPECT_EQ(std::get<Tube>(description->source.emission).takeoff_angle_deg, 12);
  EXPECT_TRUE(description->detector.energy_integrating);
  EXPECT_EQ(description->compression_tolerance, kDefaultCompressionTolerance);
}

TEST(BeamModelValuesTest, ReadsTablesAsTheyAre) {
  const auto made = MakeBeamModel(FromJson(R"({
    "source": {"spectrum": {"energyKev": [30, 60, 90], "value": [1, 2, 1]}},
    "detector": {"table": {"energyKev": [1, 1000], "value": [1, 1]}},
    "material": [{"name": "m", "attenuationPerMm": {"energyKev": [20, 30, 60, 90], "value": [4, 3, 2, 1]}}],
    "referenceEnergyKev": 45, "compressionTolerance": 0.0001, "scatterFraction": 0.2})"),
                                  kVolume);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->model.energy_kev, ::testing::ElementsAre(0, 30, 60, 90));
  EXPECT_THAT(made->model.share, ::testing::ElementsAre(0.2, 0.2, 0.4, 0.2));
  EXPECT_THAT(made->model.materials[0].attenuation_per_mm, ::testing::ElementsAre(0, 3, 2, 1));
  EXPECT_EQ(made->model.materials[0].reference_per_mm, 2.5);
}

TEST(BeamModelValuesTest, RefusalsNameTheField) {
  using Model = v1::BeamModel;
  struct Case {
    void (*spoil)(Model&);
    const char* says;
  };
  const Case cases[] = {
      {[](Model& m) { m.clear_source(); }, "beam_model.source names neither a tube"},
      {[](Model& m) { m.mutable_source()->mutable_tube()->set_voltage_kv(0); },
       "beam_model: tube: voltage_kv = 0 is outside"},
      {[](Model& m) { m.mutable_source()->mutable_tube()->set_target("Wolfram"); },
       "target = 'Wolfram'"},
      {[](Model& m) { m.mutable_source()->mutable_spectrum(); },
       "beam_model.source.spectrum: the table is empty"},
      {[](Model& m) {
         m.mutable_source()->mutable_spectrum()->add_energy_kev(30);
         m.mutable_source()->mutable_spectrum()->add_value(-1);
       },
       "beam_model.source.spectrum: value[0] = -1 (at 30 keV)"},
      {[](Model& m) {
         m.mutable_source()->mutable_spectrum()->add_energy_kev(30);
         m.mutable_source()->mutable_spectrum()->add_value(INFINITY);
       },
       "value[0] = inf"},
      {[](Model& m) { m.mutable_source()->mutable_filter(0)->set_thickness_mm(-2); },
       "beam_model.source.filter[0]: 'Al': thickness_mm = -2"},
      {[](Model& m) { m.mutable_source()->add_filter()->set_thickness_mm(1); },
       "beam_model.source.filter[1]: the formula is empty"},
      {[](Model& m) {
         m.mutable_detector()->mutable_absorber()->mutable_composition()->set_density_g_per_cm3(0);
       },
       "beam_model.detector.absorber: 'CsI' has no density"},
      {[](Model& m) {
         m.mutable_detector()->mutable_table()->add_energy_kev(50);
         m.mutable_detector()->mutable_table()->add_value(1);
       },
       "beam_model: detector.table: "},
      {[](Model& m) { m.mutable_material(0)->clear_composition(); },
       "beam_model.material[0] ('') has neither a composition"},
      {[](Model& m) { m.mutable_material(0)->mutable_composition()->set_formula("unobtainium"); },
       "beam_model.material[0].composition: xraylib knows no material 'unobtainium'"},
      {[](Model& m) { m.mutable_material(0)->mutable_attenuation_per_mm(); },
       "beam_model.material[0] has no name; a table needs one"},
      {[](Model& m) {
         m.mutable_material(0)->set_name("table");
         m.mutable_material(0)->mutable_attenuation_per_mm()->add_energy_kev(70);
         m.mutable_material(0)->mutable_attenuation_per_mm()->add_value(1);
       },
       "material 'table': "},
      {[](Model& m) { m.clear_material(); }, "beam_model: 0 materials"},
      {[](Model& m) {
         while (m.material_size() < 100) *m.add_material() = m.material(0);
       },
       "beam_model has 100 materials"},
      {[](Model& m) {
         while (m.source().filter_size() < 33)
           *m.mutable_source()->add_filter() = m.source().filter(0);
       },
       "beam_model.source has 33 filters"},
      {[](Model& m) {  // would overflow the stack of xraylib's parser
         m.mutable_material(0)->set_name("deep");
         m.mutable_material(0)->mutable_composition()->set_formula(std::string(500'000, '('));
       },
       "has 500000 characters"},
      {[](Model& m) { m.mutable_material(0)->set_name("a\x1b[2J"); },
       "beam_model.material[0].name holds line breaks"},
      {[](Model& m) { m.mutable_material(0)->set_name("aluminium"); },
       "two materials are named 'aluminium'"},
      {[](Model& m) { m.set_reference_energy_kev(1e6); }, "reference_energy_kev = 1e+06"},
      {[](Model& m) { m.set_compression_tolerance(NAN); }, "compression_tolerance = nan"},
      {[](Model& m) { m.set_scatter_fraction(4); }, "scatter_fraction = 4 is outside 0 .. 0.5"},
      {[](Model& m) { m.set_scatter_fraction(-0.1); }, "scatter_fraction = -0.1"},
      {[](Model& m) { m.set_scatter_fraction(NAN); }, "scatter_fraction = nan"},
      {[](Model& m) { m.mutable_material(0)->mutable_composition()->set_formula("Al"); },
       "no image can separate them"},
  };
  for (const Case& c : cases) {
    v1::BeamModel message = AluminiumAndIron();
    c.spoil(message);
    const absl::Status status = CheckBeamModel(message, kVolume).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
    EXPECT_EQ(MakeBeamModel(message, kVolume).status(), status);
  }
}

TEST(BeamModelValuesTest, WarningsTravelBesideTheModel) {
  v1::BeamModel message = AluminiumAndIron();
  EXPECT_THAT(*CheckBeamModel(message, kVolume), ::testing::IsEmpty());
  message.mutable_material(0)->mutable_composition()->set_formula("Al");
  message.mutable_material(0)->mutable_composition()->set_density_g_per_cm3(3);
  const auto warnings = CheckBeamModel(message, kVolume);
  ASSERT_TRUE(warnings.ok()) << warnings.status();
  EXPECT_THAT(*warnings, ::testing::Contains(HasSubstr("less than 15 %")));
  EXPECT_EQ(MakeBeamModel(message, kVolume)->warnings, *warnings);
}

}  // namespace
}  // namespace tomoslab
