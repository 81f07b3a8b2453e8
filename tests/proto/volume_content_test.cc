#include "proto/volume_content.h"

#include <cstring>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/material_values.h"

namespace tomoslab {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;

/// Aluminium (1/mm: 0.1 at 60 keV, 0.3 at 30) and iron (1, 6), as tables.
v1::Job PolyJob() {
  v1::Job job;
  job.set_name("jobs/3");
  job.mutable_spec()->mutable_algorithm()->mutable_poly_bb();
  v1::BeamModel* beam = job.mutable_spec()->mutable_beam_model();
  for (const double energy : {30.0, 60.0}) {
    beam->mutable_source()->mutable_spectrum()->add_energy_kev(energy);
    beam->mutable_source()->mutable_spectrum()->add_value(1);
  }
  const auto add = [&](const char* name, double at_30, double at_60) {
    v1::Material* material = beam->add_material();
    material->set_name(name);
    v1::EnergyTable* table = material->mutable_attenuation_per_mm();
    table->add_energy_kev(30);
    table->add_value(at_30);
    table->add_energy_kev(60);
    table->add_value(at_60);
  };
  add("iron", 6, 1);  // the report sorts them by attenuation
  add("aluminium", 0.3, 0.1);
  *job.mutable_materials() =
      ToProto(BeamModel{.reference_energy_kev = 60,
                        .energy_kev = {30, 60},
                        .share = {0.5, 0.5},
                        .materials = {{"aluminium", 0.1, {0.3, 0.1}}, {"iron", 1, {6, 1}}}});
  return job;
}

const std::vector<float> kStored = {0, 0.04f, 0.1f, 0.55f, 1, 2};

std::vector<float> Read(const v1::Job& job, const v1::VolumeContent& content) {
  const auto map = ContentOfVolume::Create(job, content);
  EXPECT_TRUE(map.ok()) << map.status();
  const std::string bytes = map->Convert(kStored);
  EXPECT_EQ(bytes.size(), 4 * kStored.size());
  std::vector<float> values(kStored.size());
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

TEST(ContentOfVolume, IsTheAttenuationUnlessAskedOtherwise) {
  EXPECT_EQ(Read(PolyJob(), {}), kStored);
  EXPECT_EQ(Read(v1::Job(), {}), kStored);  // any job has that
}

TEST(ContentOfVolume, LabelsAreTheNearestMaterials) {
  v1::VolumeContent content;
  content.set_labels(true);
  EXPECT_EQ(BytesPerVoxel(content), 1u);
  const auto labels = ContentOfVolume::Create(PolyJob(), content);
  ASSERT_TRUE(labels.ok()) << labels.status();
  EXPECT_EQ(labels->bytes_per_voxel(), 1u);
  EXPECT_THAT(labels->Convert(kStored), ElementsAre(0, 0, 1, 2, 2, 2));
}

TEST(ContentOfVolume, AnotherEnergyIsInterpolatedBetweenTheMaterials) {
  v1::VolumeContent content;
  content.set_virtual_energy_kev(30);
  // Half way from aluminium to iron: (0.3 + 6) / 2. Twice iron: 12.
  EXPECT_THAT(Read(PolyJob(), content),
              ElementsAre(0, FloatNear(0.12f, 1e-6f), FloatNear(0.3f, 1e-6f),
                          FloatNear(3.15f, 1e-5f), FloatNear(6, 1e-5f), FloatNear(12, 1e-5f)));
  content.set_virtual_energy_kev(60);
  for (std::size_t i = 0; i < kStored.size(); ++i)
    EXPECT_NEAR(Read(PolyJob(), content)[i], kStored[i], 1e-6);
  v1::Job denser = PolyJob();
  denser.mutable_materials()->mutable_entry(2)->set_density_factor(1.5);
  EXPECT_NEAR(Read(denser, content)[4], 1.5, 1e-6);
}

TEST(ContentOfVolume, AMaterialIsItsAmount) {
  v1::VolumeContent content;
  content.set_material("aluminium");
  EXPECT_THAT(Read(PolyJob(), content), ElementsAre(0, FloatNear(0.4f, 1e-6f), FloatNear(1, 1e-6f),
                                                    FloatNear(0.5f, 1e-6f), 0, 0));
  content.set_material("iron");
  EXPECT_THAT(Read(PolyJob(), content),
              ElementsAre(0, 0, FloatNear(0, 1e-6f), FloatNear(0.5f, 1e-6f), 1, 2));
}

TEST(ContentOfVolume, SaysWhatAJobDoesNotHave) {
  v1::VolumeContent content;
  content.set_material("copper");
  absl::Status status = ContentOfVolume::Create(PolyJob(), content).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("air, aluminium, iron"));
  content.set_virtual_energy_kev(200);
  status = ContentOfVolume::Create(PolyJob(), content).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("200"));
  v1::Job plain;
  plain.mutable_spec()->mutable_algorithm()->mutable_sirt();
  content.set_labels(true);
  status = ContentOfVolume::Create(plain, content).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("sirt"));
  v1::Job dart = PolyJob();
  dart.mutable_spec()->clear_beam_model();
  dart.mutable_spec()->mutable_algorithm()->mutable_dart();
  content.set_virtual_energy_kev(50);
  EXPECT_EQ(ContentOfVolume::Create(dart, content).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(ContentOfVolume, DamagedOrForgedMaterialsCrashNothing) {
  v1::VolumeContent labels, energy;
  labels.set_labels(true);
  energy.set_virtual_energy_kev(30);
  v1::Job job = PolyJob();
  job.mutable_materials()->mutable_entry(2)->set_grey_value_per_mm(0.05);  // not ascending
  EXPECT_EQ(ContentOfVolume::Create(job, labels).status().code(), absl::StatusCode::kDataLoss);
  job = PolyJob();
  while (job.materials().entry_size() < 12)
    *job.mutable_materials()->add_entry() = job.materials().entry(2);
  EXPECT_EQ(ContentOfVolume::Create(job, labels).status().code(), absl::StatusCode::kDataLoss);
  job = PolyJob();
  job.mutable_materials()->mutable_entry(1)->set_name("brass");  // the beam model has none
  EXPECT_EQ(ContentOfVolume::Create(job, energy).status().code(), absl::StatusCode::kDataLoss);
}

TEST(MaterialReport, KeepsTheModelToTheLastBit) {
  const BeamModel model{.reference_energy_kev = 61.3,
                        .energy_kev = {30, 1.0 / 3},
                        .share = {0.1, 0.9},
                        .materials = {{"a", 0.1, {1.0 / 7, 0.2}}, {"b", 0.3, {0.4, 0.5}}},
                        .compression_error = 1e-4};
  const BeamModel again = ToBeamModel(ToProto(model));
  EXPECT_EQ(again.reference_energy_kev, model.reference_energy_kev);
  EXPECT_EQ(again.energy_kev, model.energy_kev);
  EXPECT_EQ(again.share, model.share);
  EXPECT_EQ(again.compression_error, model.compression_error);
  ASSERT_EQ(again.materials.size(), 2u);
  for (int m = 0; m < 2; ++m) {
    EXPECT_EQ(again.materials[m].name, model.materials[m].name);
    EXPECT_EQ(again.materials[m].reference_per_mm, model.materials[m].reference_per_mm);
    EXPECT_EQ(again.materials[m].attenuation_per_mm, model.materials[m].attenuation_per_mm);
  }
  EXPECT_EQ(NodesOf(ToProto(model)), (std::vector<double>{0.1, 0.3}));
}

}  // namespace
}  // namespace tomoslab
