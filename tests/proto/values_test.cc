#include "proto/values.h"
#include "proto/algorithm_values.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cmath>

#include "proto/plan_job.h"
#include "tests/proto/sample_geometry.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

v1::Scan GoodScan() {
  v1::Scan scan;
  scan.set_view_count(4);
  scan.set_data_type(v1::DATA_TYPE_UINT16);
  scan.set_quantity(v1::QUANTITY_COUNTS);
  scan.set_flat_count(2);
  scan.set_dark_count(1);
  *scan.mutable_geometry() = testing::SampleGeometry();
  return scan;
}

v1::JobSpec GoodSpec() {
  v1::JobSpec spec;
  spec.set_scan("scans/1");
  spec.mutable_algorithm()->mutable_bb()->mutable_stopping()->set_iterations(20);
  return spec;
}

TEST(ValidateScan, AcceptsAGoodOne) {
  EXPECT_TRUE(ValidateScan(GoodScan()).ok()) << ValidateScan(GoodScan());
}

TEST(ValidateScan, NamesWhatIsWrong) {
  struct Case {
    void (*spoil)(v1::Scan&);
    const char* says;
  };
  const Case cases[] = {
      {[](v1::Scan& s) { s.set_view_count(5); }, "view_count = 5"},
      {[](v1::Scan& s) { s.set_data_type(v1::DATA_TYPE_UNSPECIFIED); }, "data_type"},
      {[](v1::Scan& s) { s.set_data_type(static_cast<v1::DataType>(77)); }, "data_type"},
      {[](v1::Scan& s) { s.set_quantity(v1::QUANTITY_UNSPECIFIED); }, "quantity"},
      {[](v1::Scan& s) { s.set_flat_count(0); }, "flats"},
      {[](v1::Scan& s) { s.set_flat_count(-1); }, "flat_count = -1"},
      {[](v1::Scan& s) { s.add_flat_after_views(0); }, "flat_after_views has 1 entries for 2"},
      {[](v1::Scan& s) { s.add_dark_after_views(9); }, "dark_after_views holds 9"},
      {[](v1::Scan& s) { s.set_reference_counts(NAN); }, "reference_counts"},
      {[](v1::Scan& s) {
         s.mutable_geometry()->mutable_circular()->set_beam(v1::BEAM_UNSPECIFIED);
       },
       "beam"},
      {[](v1::Scan& s) { s.mutable_geometry()->clear_trajectory(); }, "trajectory"},
      {[](v1::Scan& s) {
         s.mutable_geometry()->mutable_vectors()->set_beam(v1::BEAM_CONE);
         s.mutable_geometry()->mutable_vectors()->add_value(1);
       },
       "12 per view"},
      {[](v1::Scan& s) { s.set_display_name(std::string(201, 'x')); }, "display_name"},
      {[](v1::Scan& s) { s.set_display_name("a\x1b[2J"); }, "control characters"},
      {[](v1::Scan& s) { s.set_display_name("\u202Egpj.exe"); }, "control characters"},
      {[](v1::Scan& s) {
         for (int i = 0; i < 201; ++i) (*s.mutable_provenance())[std::to_string(i)] = "x";
       },
       "provenance has 201 entries"},
      {[](v1::Scan& s) { (*s.mutable_provenance())["a\nb"] = "x"; }, "a key of scan.provenance"},
      {[](v1::Scan& s) { (*s.mutable_provenance())["title"] = "\x1b[2J"; },
       "scan.provenance[\"title\"] holds line breaks"},
      {[](v1::Scan& s) { (*s.mutable_provenance())["title"] = std::string(5000, 'x'); },
       "scan.provenance[\"title\"] has 5000 bytes"},
  };
  for (const Case& c : cases) {
    v1::Scan scan = GoodScan();
    c.spoil(scan);
    const absl::Status status = ValidateScan(scan);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
  }
}

TEST(ValidateJobSpec, NamesWhatIsWrong) {
  struct Case {
    void (*spoil)(v1::JobSpec&);
    const char* says;
  };
  const Case cases[] = {
      {[](v1::JobSpec& s) { s.clear_algorithm(); }, "job.algorithm is not set"},
      {[](v1::JobSpec& s) {
         s.mutable_algorithm()->mutable_bb()->mutable_stopping()->set_iterations(0);
       },
       "iterations = 0"},
      {[](v1::JobSpec& s) {
         s.mutable_algorithm()->mutable_bb()->mutable_bounds()->set_upper_per_mm(NAN);
       },
       "bounds"},
      {[](v1::JobSpec& s) { s.mutable_algorithm()->mutable_sirt()->set_relaxation(2); },
       "iterations = 0"},
      {[](v1::JobSpec& s) { s.mutable_volume()->set_columns(-3); }, "volume.columns = -3"},
      {[](v1::JobSpec& s) { s.set_priority(101); }, "priority = 101"},
      {[](v1::JobSpec& s) { s.mutable_preview()->add_slices(64); }, "preview.slices holds 64"},
      {[](v1::JobSpec& s) { s.mutable_preprocessing()->set_rotation_axis_column(1e9); },
       "rotation_axis_column"},
      {[](v1::JobSpec& s) { s.mutable_preprocessing()->set_background_offset(INFINITY); },
       "background_offset"},
      {[](v1::JobSpec& s) { s.set_projector(static_cast<v1::ProjectorModel>(7)); },
       "job.projector = 7"},
      {[](v1::JobSpec& s) { s.set_pool("gpu\n1"); }, "job.pool holds line breaks"},
      {[](v1::JobSpec& s) { s.set_pool(std::string(101, 'x')); }, "job.pool has 101 bytes"},
      {[](v1::JobSpec& s) { s.mutable_preview()->mutable_slices()->Resize(2'000'000, 0); },
       "the job's description has"},
      {[](v1::JobSpec& s) { s.mutable_algorithm()->mutable_fdk()->set_cutoff(1.5); },
       "fdk.cutoff = 1.5"},
  };
  for (const Case& c : cases) {
    v1::JobSpec spec = GoodSpec();
    c.spoil(spec);
    const absl::Status status = ValidateJobSpec(spec, GoodScan());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.says;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says));
  }
}

TEST(ValidateJobSpec, FdkNeedsACircle) {
  v1::Scan scan = GoodScan();
  const Scan circular = *ToScan(scan.geometry());
  v1::ViewVectors vectors;
  vectors.set_beam(v1::BEAM_CONE);
  for (const View& view : circular.views) {
    for (const double v : ToAstra(view, 64, 96)) vectors.add_value(v);
  }
  *scan.mutable_geometry()->mutable_vectors() = vectors;
  v1::JobSpec spec = GoodSpec();
  EXPECT_TRUE(ValidateJobSpec(spec, scan).ok());
  spec.mutable_algorithm()->mutable_fdk();
  EXPECT_THAT(std::string(ValidateJobSpec(spec, scan).message()), HasSubstr("circular"));
}

TEST(CompleteJobSpec, WritesDefaultsOut) {
  const v1::JobSpec spec = *CompleteJobSpec(GoodSpec(), GoodScan());
  EXPECT_EQ(spec.projector(), v1::JOSEPH);
  EXPECT_EQ(spec.volume().columns(), 96);
  EXPECT_EQ(spec.volume().slices(), 64);
  EXPECT_NEAR(spec.volume().voxel_width_mm(), 0.5 / 1.5, 1e-12);
  EXPECT_EQ(spec.algorithm().bb().step_rule(), v1::BarzilaiBorwein::BB2);
  EXPECT_EQ(spec.preview().every_iterations(), 5);
  EXPECT_EQ(IterationsPlanned(spec), 20);
  EXPECT_STREQ(AlgorithmName(spec.algorithm()), "bb");
}

TEST(CompleteJobSpec, VoxelsSmallerThanPixelsGetFootprints) {
  v1::JobSpec spec = GoodSpec();
  *spec.mutable_volume() = CompleteJobSpec(spec, GoodScan())->volume();
  const auto projector = [&](const v1::Scan& scan) {
    return CompleteJobSpec(spec, scan)->projector();
  };
  spec.mutable_volume()->set_voxel_width_mm(0.8 * 0.5 / 1.5);
  EXPECT_EQ(projector(GoodScan()), v1::FOOTPRINT);
  v1::Scan rotated = GoodScan();
  rotated.mutable_geometry()->mutable_circular()->set_detector_rotation_deg(2);
  EXPECT_EQ(projector(rotated), v1::JOSEPH);
  spec.set_projector(v1::JOSEPH);
  EXPECT_EQ(projector(GoodScan()), v1::JOSEPH);
  spec.clear_projector();
  spec.mutable_volume()->set_voxel_width_mm(2 * 0.5 / 1.5);
  EXPECT_EQ(projector(GoodScan()), v1::JOSEPH);
  spec.mutable_volume()->set_voxel_height_mm(0.5 * 0.5 / 1.5);
  EXPECT_EQ(projector(GoodScan()), v1::FOOTPRINT);
  spec.mutable_volume()->set_slices(1);  // a slice's height tells nothing about its plane
  EXPECT_EQ(projector(GoodScan()), v1::JOSEPH);
}

TEST(Values, GeometryConvertsBothWays) {
  v1::Scan scan = GoodScan();
  scan.mutable_geometry()->mutable_circular()->set_detector_shift_u_mm(1.5);
  scan.mutable_geometry()->mutable_circular()->set_detector_rotation_deg(2);
  const Scan geometry = *ToScan(scan.geometry());
  const Scan again = *ToScan(ToProto(geometry));
  for (std::size_t i = 0; i < geometry.views.size(); ++i) {
    EXPECT_LT(Norm(geometry.views[i].corner - again.views[i].corner), 1e-9);
  }
}

TEST(PlanJob, SaysWhatDoesNotFitAndWhatWould) {
  const v1::JobPlan fits = *PlanJob(GoodSpec(), GoodScan(),
                                    {.ranks = 2, .memory_bytes_per_rank = std::int64_t{1} << 30});
  EXPECT_TRUE(fits.fits());
  EXPECT_EQ(fits.rank_size(), 2);
  EXPECT_EQ(fits.volume_bytes(), 4 * 96 * 96 * 64);
  EXPECT_GT(fits.exchanged_bytes_per_iteration(), 0);
  // BB keeps 4 volumes of the slab, 3 sets of owned projections, and shadows.
  EXPECT_GE(fits.rank(0).memory_bytes(), 4 * (4 * 96 * 96 * 32 + 3 * 4 * 96 * 32));
  const v1::JobPlan tight =
      *PlanJob(GoodSpec(), GoodScan(), {.ranks = 2, .memory_bytes_per_rank = 1 << 20});
  EXPECT_FALSE(tight.fits());
  EXPECT_THAT(tight.explanation(), HasSubstr("does not fit"));
  EXPECT_THAT(tight.explanation(), HasSubstr("more ranks"));
}

TEST(PlanJob, WarnsOfIdleRanks) {
  v1::JobSpec spec = GoodSpec();
  *spec.mutable_volume() = CompleteJobSpec(spec, GoodScan())->volume();
  spec.mutable_volume()->set_slices(1);
  const v1::JobPlan plan = *PlanJob(spec, GoodScan(), {.ranks = 3, .memory_bytes_per_rank = 0});
  ASSERT_EQ(plan.warning_size(), 1);
  EXPECT_THAT(plan.warning(0), HasSubstr("2 rank(s) will idle"));
}

TEST(JobSpec, IsAJobFileInJson) {
  const std::string json =
      R"({"displayName": "tooth", "scan": "scans/7", "algorithm": {"bb": {"stopping": {"iterations": 30},
      "bounds": {"lowerPerMm": 0}}}, "preprocessing": {"findRotationAxis": true}, "start": {"fdk": {"window": "HANN"}}})";
  v1::JobSpec spec;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &spec).ok());
  EXPECT_TRUE(spec.algorithm().bb().bounds().has_lower_per_mm());
  EXPECT_FALSE(spec.algorithm().bb().bounds().has_upper_per_mm());
  EXPECT_TRUE(ValidateJobSpec(spec, GoodScan()).ok());
}

}  // namespace
}  // namespace tomoslab
