// The checks, defaults and plans of poly-BB and poly-SIRT.
#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/algorithm_values.h"
#include "proto/plan_job.h"
#include "proto/values.h"
#include "tests/proto/sample_geometry.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

v1::Scan ConeScan() {
  v1::Scan scan;
  scan.set_view_count(4);
  scan.set_data_type(v1::DATA_TYPE_FLOAT32);
  scan.set_quantity(v1::QUANTITY_TRANSMISSION);
  *scan.mutable_geometry() = testing::SampleGeometry();
  return scan;
}

/// Aluminium and iron at 120 kV.
v1::JobSpec PolyBbJob() {
  v1::JobSpec spec;
  spec.set_scan("scans/1");
  spec.mutable_algorithm()->mutable_poly_bb()->mutable_stopping()->set_iterations(20);
  v1::BeamModel* beam = spec.mutable_beam_model();
  beam->mutable_source()->mutable_tube()->set_voltage_kv(120);
  beam->add_material()->mutable_composition()->set_formula("Al");
  beam->add_material()->mutable_composition()->set_formula("Fe");
  return spec;
}

TEST(PolychromaticJob, IsCheckedAndCompleted) {
  const auto spec = CompleteJobSpec(PolyBbJob(), ConeScan());
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->algorithm().poly_bb().step_rule(), v1::BarzilaiBorwein::BB2);
  EXPECT_EQ(spec->algorithm().poly_bb().misfit().domain(), v1::PolychromaticMisfit::LINE_INTEGRALS);
  EXPECT_EQ(spec->algorithm().poly_bb().misfit().weights(), v1::PolychromaticMisfit::UNIT);
  EXPECT_EQ(IterationsPlanned(*spec), 20);
  EXPECT_STREQ(AlgorithmName(spec->algorithm()), "poly-bb");
  EXPECT_TRUE(IsPolychromatic(spec->algorithm()));
}

TEST(PolychromaticJob, SaysWhatIsWrong) {
  struct Case {
    void (*spoil)(v1::JobSpec&);
    const char* says;
  };
  const Case cases[] = {
      {[](v1::JobSpec& s) { s.clear_beam_model(); }, "poly-bb needs job.beam_model"},
      {[](v1::JobSpec& s) {
         s.mutable_algorithm()->mutable_bb()->mutable_stopping()->set_iterations(3);
       },
       "bb does not use it"},
      {[](v1::JobSpec& s) {
         s.mutable_algorithm()->mutable_poly_bb()->set_linear_adjoint(true);
         s.mutable_algorithm()->mutable_poly_bb()->mutable_misfit()->set_domain(
             v1::PolychromaticMisfit::TRANSMISSIONS);
       },
       "linear_adjoint"},
      {[](v1::JobSpec& s) {
         s.mutable_algorithm()->mutable_poly_bb()->mutable_misfit()->set_weights(
             static_cast<v1::PolychromaticMisfit::Weights>(9));
       },
       "weights = 9"},
      {[](v1::JobSpec& s) {
         s.mutable_algorithm()->mutable_poly_bb()->mutable_bounds()->set_lower_per_mm(NAN);
       },
       "bounds"},
      {[](v1::JobSpec& s) {
         v1::PolySirt* sirt = s.mutable_algorithm()->mutable_poly_sirt();
         sirt->mutable_stopping()->set_iterations(3);
         sirt->set_relaxation(2.5);
       },
       "poly_sirt.relaxation = 2.5"},
      {[](v1::JobSpec& s) {
         s.mutable_beam_model()->mutable_material(1)->mutable_composition()->set_formula("Xx");
       },
       "Xx"},
      {[](v1::JobSpec& s) {
         s.mutable_beam_model()->mutable_source()->mutable_tube()->set_voltage_kv(-1);
       },
       "voltage"},
  };
  for (const Case& c : cases) {
    v1::JobSpec spec = PolyBbJob();
    c.spoil(spec);
    const absl::Status status = ValidateJobSpec(spec, ConeScan());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
  }
}

TEST(PolychromaticJob, NeedsMemoryAndTrafficForEveryMaterial) {
  const PoolSize pool{.ranks = 2, .memory_bytes_per_rank = 0};
  v1::JobSpec two = PolyBbJob(), one = PolyBbJob(), bb = PolyBbJob();
  one.mutable_beam_model()->mutable_material()->RemoveLast();
  bb.clear_beam_model();
  bb.mutable_algorithm()->mutable_bb()->mutable_stopping()->set_iterations(1);
  const auto plan_two = PlanJob(two, ConeScan(), pool), plan_one = PlanJob(one, ConeScan(), pool),
             plan_bb = PlanJob(bb, ConeScan(), pool);
  ASSERT_TRUE(plan_two.ok()) << plan_two.status();
  EXPECT_EQ(plan_two->exchanged_bytes_per_iteration(),
            2 * plan_bb->exchanged_bytes_per_iteration());
  EXPECT_EQ(plan_one->exchanged_bytes_per_iteration(), plan_bb->exchanged_bytes_per_iteration());
  // One more set of the rank's rows; and the first rank owns half of the 64 rows.
  EXPECT_EQ(plan_two->rank(0).memory_bytes() - plan_one->rank(0).memory_bytes(), 4 * 4 * 96 * 32);
  EXPECT_EQ(MemoryUseOf(two).algorithm, AlgorithmKind::kPolyBarzilaiBorwein);
  EXPECT_EQ(MemoryUseOf(two).materials, 2);
  v1::JobSpec sirt = PolyBbJob();
  sirt.mutable_algorithm()->mutable_poly_sirt();
  EXPECT_EQ(MemoryUseOf(sirt).algorithm, AlgorithmKind::kPolySirt);
}

TEST(ChooseAlgorithm, KeepsWhatIsSetWhenItIsTheSame) {
  v1::Algorithm algorithm;
  algorithm.mutable_poly_bb()->set_linear_adjoint(true);
  EXPECT_TRUE(ChooseAlgorithm("poly-bb", &algorithm));
  EXPECT_TRUE(algorithm.poly_bb().linear_adjoint());
  EXPECT_TRUE(ChooseAlgorithm("poly-sirt", &algorithm));
  EXPECT_TRUE(algorithm.has_poly_sirt());
  EXPECT_FALSE(ChooseAlgorithm("poly", &algorithm));
  EXPECT_TRUE(algorithm.has_poly_sirt());
}

}  // namespace
}  // namespace tomoslab
