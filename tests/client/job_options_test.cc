#include "client/job_options.h"

#include <fstream>

#include <gtest/gtest.h>

#include "client/job_display.h"
#include "tests/worker/data/scratch_folder.h"

namespace tomoslab {
namespace {

// Parallel beam, 100 x 40 pixels of 0.2 mm: the default volume is 100 x 100 x 40 voxels of 0.2 mm.
v1::Scan ParallelScan() {
  v1::Scan scan;
  scan.set_name("scans/1");
  v1::Detector* detector = scan.mutable_geometry()->mutable_detector();
  detector->set_rows(40);
  detector->set_columns(100);
  detector->set_pixel_width_mm(0.2);
  v1::CircularOrbit* orbit = scan.mutable_geometry()->mutable_circular();
  orbit->set_beam(v1::BEAM_PARALLEL);
  for (int k = 0; k < 4; ++k) orbit->add_angle_deg(45 * k);
  return scan;
}

TEST(MakeJobSpec, DefaultsToFdkOfTheScan) {
  const auto spec = MakeJobSpec({}, ParallelScan());
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_TRUE(spec->algorithm().has_fdk());
  EXPECT_EQ(spec->scan(), "scans/1");
  EXPECT_FALSE(spec->has_volume());
}

TEST(MakeJobSpec, FlagsReplaceWhatTheJobFileSays) {
  const ScratchFolder folder;
  std::ofstream(folder.path() + "/job.json")
      << R"({"algorithm": {"bb": {"stopping": {"iterations": 50, "relativeResidual": 0.01}}}, "priority": 3})";
  JobOptions options;
  options.job_file = folder.path() + "/job.json";
  options.iterations = 7;
  options.lower_per_mm = 0;
  const auto spec = MakeJobSpec(options, ParallelScan());
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->algorithm().bb().stopping().iterations(), 7);
  EXPECT_EQ(spec->algorithm().bb().stopping().relative_residual(), 0.01);
  EXPECT_TRUE(spec->algorithm().bb().bounds().has_lower_per_mm());
  EXPECT_FALSE(spec->algorithm().bb().bounds().has_upper_per_mm());
  EXPECT_EQ(spec->priority(), 3);
}

TEST(MakeJobSpec, JobFileFaultsAreNamed) {
  const ScratchFolder folder;
  std::ofstream(folder.path() + "/job.json") << R"({"algorithm": {"art": {}}})";
  JobOptions options;
  options.job_file = folder.path() + "/job.json";
  const absl::Status status = MakeJobSpec(options, ParallelScan()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("art"), std::string::npos) << status;
  options.job_file = folder.path() + "/none.json";
  EXPECT_EQ(MakeJobSpec(options, ParallelScan()).status().code(), absl::StatusCode::kNotFound);
}

TEST(MakeJobSpec, CoarserVoxelsCoverTheSameField) {
  JobOptions options;
  options.voxel_mm = {0.3, 0.4};
  const auto spec = MakeJobSpec(options, ParallelScan());
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->volume().columns(), 67);  // 20 mm / 0.3 mm, rounded up
  EXPECT_EQ(spec->volume().slices(), 20);   // 8 mm / 0.4 mm
  options.size = {10, 11, 12};
  options.center_mm = {1, 2, 3};
  const auto sized = MakeJobSpec(options, ParallelScan());
  EXPECT_EQ(sized->volume().rows(), 11);
  EXPECT_EQ(sized->volume().center_mm().z(), 3);
}

TEST(MakeJobSpec, StartWindowAndAxis) {
  JobOptions options;
  options.algorithm = "sirt";
  options.start = "fdk";
  options.window = "shepp-logan";
  options.rotation_axis = "auto";
  options.relaxation = 1.5;
  auto spec = MakeJobSpec(options, ParallelScan());
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->start().fdk().window(), v1::Fdk::SHEPP_LOGAN);
  EXPECT_TRUE(spec->preprocessing().find_rotation_axis());
  EXPECT_EQ(spec->algorithm().sirt().relaxation(), 1.5);
  EXPECT_EQ(spec->algorithm().sirt().stopping().iterations(), 100);
  options.start = "jobs/7";
  options.window.clear();
  options.rotation_axis = "296.25";
  spec = MakeJobSpec(options, ParallelScan());
  EXPECT_EQ(spec->start().job(), "jobs/7");
  EXPECT_EQ(spec->preprocessing().rotation_axis_column(), 296.25);
}

TEST(MakeJobSpec, DartFromFlags) {
  JobOptions options;
  options.algorithm = "dart";
  options.grey_values_per_mm = {0.08, 0.12};
  options.inner = "cgls";
  options.free_fraction = 0.2;
  options.smoothing = 0;
  options.seed = 5;
  const auto spec = MakeJobSpec(options, ParallelScan());
  ASSERT_TRUE(spec.ok()) << spec.status();
  const v1::Dart& dart = spec->algorithm().dart();
  EXPECT_EQ(dart.grey_value_per_mm_size(), 2);
  EXPECT_EQ(dart.loop().inner(), v1::DartLoop::CGLS);
  EXPECT_EQ(dart.loop().free_fraction(), 0.2);
  EXPECT_TRUE(dart.loop().has_smoothing());
  EXPECT_EQ(dart.loop().seed(), 5u);
  EXPECT_EQ(dart.loop().stopping().iterations(), 20);
  options.inner = "art";
  EXPECT_FALSE(MakeJobSpec(options, ParallelScan()).ok());
  options.inner = "";
  options.algorithm = "bb";
  EXPECT_FALSE(MakeJobSpec(options, ParallelScan()).ok());
}

TEST(MakeJobSpec, ProjectorReplacesTheJobFiles) {
  const ScratchFolder folder;
  std::ofstream(folder.path() + "/job.json") << R"({"projector": "FOOTPRINT"})";
  JobOptions options;
  EXPECT_EQ(MakeJobSpec(options, ParallelScan())->projector(), v1::PROJECTOR_MODEL_UNSPECIFIED);
  options.job_file = folder.path() + "/job.json";
  EXPECT_EQ(MakeJobSpec(options, ParallelScan())->projector(), v1::FOOTPRINT);
  options.projector = "joseph";
  EXPECT_EQ(MakeJobSpec(options, ParallelScan())->projector(), v1::JOSEPH);
}

TEST(MakeJobSpec, FlagsThatMakeNoSenseAreRefused) {
  const auto refused = [](JobOptions options, const std::string& word) {
    const absl::Status status = MakeJobSpec(options, ParallelScan()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_NE(std::string(status.message()).find(word), std::string::npos) << status;
  };
  JobOptions options;
  options.projector = "siddon";
  refused(options, "--projector siddon");
  options.projector.clear();
  options.algorithm = "art";
  refused(options, "art");
  options.algorithm = "cgls";
  options.lower_per_mm = 0;
  refused(options, "--lower");
  options = {};
  options.rotation_axis = "left";
  refused(options, "left");
  options = {};
  options.window = "blackman";
  refused(options, "blackman");
  options = {};
  options.algorithm = "bb";
  options.window = "hann";
  refused(options, "--window");
  options.window.clear();
  options.start = "somewhere";
  refused(options, "somewhere");
}

TEST(MakeJobSpec, TakesTheBeamModelFromAFile) {
  const ScratchFolder folder;
  std::ofstream(folder.path() + "/beam.json")
      << R"({"source": {"tube": {"voltageKv": 120}}, "material": [{"composition": {"formula": "Al"}}]})";
  JobOptions options;
  options.algorithm = "poly-bb";
  options.beam_model_file = folder.path() + "/beam.json";
  options.upper_per_mm = 0.3;
  const auto spec = MakeJobSpec(options, ParallelScan());
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->beam_model().source().tube().voltage_kv(), 120);
  EXPECT_EQ(spec->algorithm().poly_bb().stopping().iterations(), 40);
  EXPECT_EQ(spec->algorithm().poly_bb().bounds().upper_per_mm(), 0.3);
  // A flag that chooses another algorithm than the job file's drops its beam model.
  std::ofstream(folder.path() + "/job.json")
      << R"({"algorithm": {"polyBb": {}}, "beamModel": {"source": {"tube": {"voltageKv": 90}}}})";
  JobOptions other;
  other.job_file = folder.path() + "/job.json";
  EXPECT_TRUE(MakeJobSpec(other, ParallelScan())->has_beam_model());
  other.algorithm = "bb";
  EXPECT_FALSE(MakeJobSpec(other, ParallelScan())->has_beam_model());
  options.beam_model_file = folder.path() + "/job.json";
  const absl::Status status = MakeJobSpec(options, ParallelScan()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("BeamModel"), std::string::npos) << status;
}

TEST(IterationText, SaysHowFarAndHowLong) {
  v1::IterationReport report;
  report.set_iteration(12);
  report.set_relative_residual(0.03141);
  report.set_step(0.0012);
  report.set_elapsed_seconds(6);
  EXPECT_EQ(IterationText(report, 30),
            "iteration 12/30  residual 0.03141  step 0.0012  0.5 s each  9 s left");
  EXPECT_EQ(IterationText(report, 0), "iteration 12  residual 0.03141  step 0.0012  0.5 s each");
}

TEST(Texts, ReadWell) {
  EXPECT_EQ(RangeText("slices", 0, 10), "slices 0 to 9");
  EXPECT_EQ(RangeText("slices", 1, 1), "no slices");
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(1.5e9), "1.5 GB");
  EXPECT_EQ(DurationText(3.2), "4 s");
  EXPECT_EQ(DurationText(200), "3:20");
  EXPECT_EQ(DurationText(7400), "2:03:20");
  EXPECT_EQ(Bar(0.5), "[###############...............]");
  EXPECT_EQ(StateText(v1::SUCCEEDED), "succeeded");
}

}  // namespace
}  // namespace tomoslab
