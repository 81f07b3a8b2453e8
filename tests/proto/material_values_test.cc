#include "proto/material_values.h"

#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

v1::MaterialReport Report() {
  return ToProto(
      BeamModel{.reference_energy_kev = 60,
                .energy_kev = {0, 30, 60},
                .share = {0.1, 0.4, 0.5},
                .materials = {{"aluminium", 0.1, {0, 0.3, 0.1}}, {"iron", 1, {0, 6, 1}}}});
}

TEST(CheckMaterials, AcceptsWhatRanksReport) {
  EXPECT_TRUE(CheckMaterials(Report()).ok()) << CheckMaterials(Report());
  v1::MaterialReport dart;  // no energies
  dart.add_entry()->set_name("air");
  dart.add_entry()->set_grey_value_per_mm(0.2);
  EXPECT_TRUE(CheckMaterials(dart).ok()) << CheckMaterials(dart);
}

TEST(CheckMaterials, NamesWhatIsWrong) {
  using Entry = v1::MaterialReport::Entry;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto entry = [](std::function<void(Entry*)> change) {
    return [change](v1::MaterialReport* report) { change(report->mutable_entry(2)); };
  };
  const std::vector<std::pair<std::function<void(v1::MaterialReport*)>, const char*>> cases = {
      {[](auto* report) { report->clear_entry(); }, "0 entries"},
      {[](auto* report) {
         while (report->entry_size() < 9) report->add_entry();
       },
       "9 entries"},
      {[](auto* report) { report->add_energy_kev(70); }, "4 energies with 3 shares"},
      {[](auto* report) { report->mutable_energy_kev()->Resize(6000, 1); }, "6000 energies"},
      {[&](auto* report) { report->set_share(0, nan); }, "materials.share holds nan"},
      {[&](auto* report) { report->set_reference_energy_kev(-1); }, "reference_energy_kev"},
      {[&](auto* report) { report->mutable_entry(0)->set_grey_value_per_mm(0.1); }, "entry[0]"},
      {entry([](Entry* e) { e->set_grey_value_per_mm(0.1); }), "ascend"},
      {entry([&](Entry* e) { e->set_grey_value_per_mm(nan); }), "entry[2].grey_value_per_mm"},
      {entry([](Entry* e) { e->clear_attenuation_per_mm(); }), "0 attenuations at 3 energies"},
      {entry([](Entry* e) { e->set_attenuation_per_mm(1, -1); }), "entry[2].attenuation_per_mm"},
      {entry([](Entry* e) { e->set_density_factor(-1); }), "entry[2] holds -1"},
      {entry([](Entry* e) { e->set_voxels(-5); }), "entry[2] holds -5"},
      {entry([](Entry* e) { e->set_name("a\nb"); }), "entry[2].name"},
      {entry([](Entry* e) { e->set_name(std::string(201, 'a')); }), "201 bytes"}};
  for (const auto& [change, what] : cases) {
    v1::MaterialReport report = Report();
    change(&report);
    EXPECT_THAT(CheckMaterials(report).message(), HasSubstr(what));
  }
}

}  // namespace
}  // namespace tomoslab
