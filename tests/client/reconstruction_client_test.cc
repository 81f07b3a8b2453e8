#include "client/reconstruction_client.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "client/exit_code.h"
#include "client/volume_output.h"
#include "tests/client/fake_reconstruction_service.h"
#include "tests/worker/data/scratch_folder.h"
#include "worker/data/hdf5_reading.h"

namespace tomoslab {
namespace {

class ReconstructionClientTest : public testing::Test {
 protected:
  ReconstructionClientTest() {
    for (int i = 1; i <= 20; ++i) {
      v1::JobEvent event;
      event.set_sequence(i);
      event.mutable_iteration()->set_iteration(i);
      service_.events.push_back(event);
    }
    v1::VolumeGeometry* volume = service_.job.mutable_spec()->mutable_volume();
    volume->set_columns(4);
    volume->set_rows(5);
    volume->set_slices(6);
    volume->set_voxel_width_mm(0.5);
    service_.job.set_name("jobs/1");
    service_.job.mutable_spec()->set_scan("scans/1");
    service_.job.set_state(v1::SUCCEEDED);
    for (int i = 0; i < 4 * 5 * 6; ++i) service_.volume.push_back(static_cast<float>(i));
  }
  Volume volume() const { return {4, 5, 6, 0.5, 0.5, {}}; }

  FakeReconstructionService service_;
  FakeServer server_{&service_};
  ReconstructionClient client_{
      server_.channel(),
      {.first_wait_seconds = 0.001, .longest_wait_seconds = 0.002, .give_up_after_seconds = 0.3}};
};

TEST_F(ReconstructionClientTest, WatchGoesOnAfterCutsAndRepeatsNothing) {
  service_.cut_watch_after_events = 3;
  std::vector<std::int64_t> seen;
  const absl::Status status = client_.Watch("jobs/1", 0, [&](const v1::JobEvent& event) {
    seen.push_back(event.sequence());
    return true;
  });
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(seen.size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(seen[i], i + 1);
  EXPECT_EQ(service_.watches, 7);
}

TEST_F(ReconstructionClientTest, WatchStartsAfterAnEventAndStopsWhenTold) {
  std::vector<std::int64_t> seen;
  ASSERT_TRUE(client_
                  .Watch("jobs/1", 15,
                         [&](const v1::JobEvent& event) {
                           seen.push_back(event.sequence());
                           return event.sequence() < 17;
                         })
                  .ok());
  EXPECT_EQ(seen, (std::vector<std::int64_t>{16, 17}));
}

TEST_F(ReconstructionClientTest, AnUnknownJobIsNotTriedAgain) {
  EXPECT_EQ(client_.Watch("jobs/none", 0, [](const v1::JobEvent&) { return true; }).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(service_.watches, 1);
  EXPECT_EQ(client_.GetJob("jobs/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ExitCodeOf(client_.GetJob("jobs/none").status()),
            kExitFailed);  // refused by the server
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("no such file")), kExitUsage);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("nobody there")), kExitUnreachable);
}

TEST_F(ReconstructionClientTest, CreationIsTriedAgainWithTheSameRequestId) {
  service_.unavailable_calls = 2;
  ASSERT_TRUE(client_.CreateJob({}).ok());
  ASSERT_EQ(service_.request_ids.size(), 3u);
  EXPECT_FALSE(service_.request_ids[0].empty());
  EXPECT_EQ(service_.request_ids[0], service_.request_ids[1]);
  EXPECT_EQ(service_.request_ids[0], service_.request_ids[2]);
  EXPECT_EQ(service_.jobs_created, 1);
  ASSERT_TRUE(client_.CreateJob({}).ok());
  EXPECT_NE(service_.request_ids[0], service_.request_ids[3]);
}

TEST_F(ReconstructionClientTest, ListsAllPagesUpToTheLimit) {
  EXPECT_EQ(client_.ListJobs(100)->size(), 25u);
  EXPECT_EQ(client_.ListJobs(12)->size(), 12u);
}

TEST_F(ReconstructionClientTest, SlicesComeCompleteAndInOrderThroughCutsAndDamage) {
  service_.cut_slices_after_chunks = 2;  // chunks of 3 lines end inside slices of 5
  service_.damage_slices = 1;
  std::vector<float> got;
  const absl::Status status = client_.ReadSlices(
      {"jobs/1", volume(), {1, 6}}, [&](std::int64_t first, absl::Span<const float> lines) {
        EXPECT_EQ(first, 5 + static_cast<std::int64_t>(got.size()) / 4);
        got.insert(got.end(), lines.begin(), lines.end());
        return absl::OkStatus();
      });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(got, std::vector<float>(service_.volume.begin() + 20, service_.volume.end()));
  EXPECT_GT(service_.slice_streams, 3);
}

TEST_F(ReconstructionClientTest, AFullDiskEndsTheFetch) {
  const absl::Status status = client_.ReadSlices(
      {"jobs/1", volume(), {0, 6}},
      [](std::int64_t, absl::Span<const float>) { return absl::ResourceExhaustedError("full"); });
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(service_.slice_streams, 1);
}

TEST_F(ReconstructionClientTest, PreviewsArePutTogether) {
  v1::ReadPreviewRequest request;
  request.set_job("jobs/1");
  request.set_plane(v1::CORONAL);
  const auto preview = client_.ReadPreview(request);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_EQ(preview->first.plane(), v1::CORONAL);
  EXPECT_EQ(preview->second, (std::vector<float>{0, 0.1f, 0.2f, 1, 1.1f, 1.2f}));
  request.set_iteration(11);
  EXPECT_EQ(client_.ReadPreview(request).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ReconstructionClientTest, OutputsHoldTheVolumeAndItsHistory) {
  const ScratchFolder folder;
  service_.scan.set_name("scans/1");
  service_.scan.mutable_geometry()->mutable_detector()->set_rows(1);
  (*service_.scan.mutable_provenance())["beam"] = "parallel (/geometry@beam)";
  service_.job.mutable_spec()
      ->mutable_algorithm()
      ->mutable_cgls()
      ->mutable_stopping()
      ->set_iterations(7);
  service_.job.mutable_last_iteration()->set_iteration(7);
  service_.job.set_last_event(20);
  service_.events[3].mutable_pool()->add_rank();
  service_.events[3].mutable_pool()->add_rank();
  const OutputOptions output{folder.path() + "/volume.h5", folder.path() + "/png",
                             IndexRange{2, 5}};
  std::vector<std::string> said;
  const absl::Status status = WriteOutputs(
      client_, service_.job, output, [](std::int64_t, std::int64_t) {},
      [&](const std::string& line) { said.push_back(line); });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(said.size(), 4u);
  for (const char* name : {"axial", "coronal", "sagittal"})
    EXPECT_TRUE(std::filesystem::exists(folder.path() + "/png/" + name + ".png"));
  const auto file = Hdf5File::Open(output.volume);
  ASSERT_TRUE(file.ok()) << file.status();
  std::vector<float> values(60);
  ASSERT_TRUE(file->OpenDataset("/exchange/data")
                  ->Read({0, 0, 0}, {3, 5, 4}, SampleType::kFloat32, values.data())
                  .ok());
  EXPECT_EQ(values,
            std::vector<float>(service_.volume.begin() + 40, service_.volume.begin() + 100));
  EXPECT_EQ(*file->TextAttribute("/process/tomoslab", "algorithm"), "cgls");
  EXPECT_EQ(*file->TextAttribute("/process/tomoslab", "scan: beam"), "parallel (/geometry@beam)");
  EXPECT_EQ(*file->NumberAttribute("/process/tomoslab", "iterations"), 7);
  EXPECT_EQ(*file->NumberAttribute("/process/tomoslab", "ranks"), 2);
  EXPECT_NE(file->TextAttribute("/process/tomoslab", "job_spec_json")->find("\"iterations\":7"),
            std::string::npos);
}

TEST(CheckOutputs, RefusesBeforeAnyWork) {
  EXPECT_EQ(CheckOutputs({"volume.raw", "", {}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckOutputs({"/no/such/folder/volume.h5", "", {}}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckOutputs({"", "/proc/nowhere", {}}).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tomoslab
