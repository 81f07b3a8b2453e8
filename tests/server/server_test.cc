// The whole server in this process, without a port: people on one side, a scripted pool on the
// other.
#include "server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "server/job.h"
#include "tests/server/temporary_folder.h"
#include "tests/server/test_client.h"

namespace tomoslab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class ServerTest : public testing::Test {
 protected:
  ServerTest() { Start(); }

  void Start() {
    ServerOptions options;
    options.listen.address = "";
    options.data_folder = folder_.path() + "/data";
    options.pools.pools = 0;
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_.emplace(server_->InProcessChannel());
  }
  void Restart() {
    server_.reset();
    Start();
  }
  ScriptedPool Pool(const std::string& name = "p") {
    return ScriptedPool(server_->InProcessChannel(), name);
  }
  /// A complete sample scan.
  v1::Scan UploadedScan() {
    const v1::Scan scan = *client_->CreateScan(SampleScan());
    EXPECT_TRUE(client_->Upload(scan.name(), AllChunks(scan)).ok());
    return *client_->GetScan(scan.name());
  }
  std::string QueuedJob() {
    return client_->CreateJob(SampleJob(UploadedScan().name()))->job().name();
  }

  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::optional<TestClient> client_;
};

std::vector<v1::JobState> States(const std::vector<v1::JobEvent>& events) {
  std::vector<v1::JobState> states;
  for (const v1::JobEvent& event : events) {
    if (event.has_state_change()) states.push_back(event.state_change().state());
  }
  return states;
}

TEST_F(ServerTest, TakesAScanThroughAPoolToAVolume) {
  const v1::Scan scan = UploadedScan();
  EXPECT_TRUE(scan.complete());
  const std::string job = client_->CreateJob(SampleJob(scan.name()))->job().name();
  ScriptedPool pool = Pool();
  const v1::Lease lease = pool.NextLease();
  EXPECT_EQ(lease.job(), job);
  EXPECT_EQ(lease.attempt(), 1);
  EXPECT_TRUE(lease.spec().has_volume());

  v1::FetchProjectionsRequest fetch;
  fetch.set_lease(lease.id());
  fetch.set_kind(v1::FRAME_KIND_PROJECTION);
  fetch.set_frame_begin(1);
  fetch.set_frame_end(3);
  fetch.set_row_begin(1);
  fetch.set_row_end(3);
  const auto chunks = pool.Fetch(fetch);
  ASSERT_TRUE(chunks.ok()) << chunks.status();
  ASSERT_THAT(*chunks, SizeIs(2));  // rows 1, 2 of view 1; of view 2
  EXPECT_EQ((*chunks)[0].first_line(), 5);
  EXPECT_EQ((*chunks)[1].data(), SampleLines(scan, v1::FRAME_KIND_PROJECTION, 9, 11));

  ASSERT_TRUE(pool.ReportState(lease.id(), v1::LOADING).ok());
  ASSERT_TRUE(pool.ReportState(lease.id(), v1::RUNNING).ok());
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(pool.ReportIteration(lease.id(), i).ok());
  ASSERT_TRUE(pool.ReportState(lease.id(), v1::WRITING).ok());
  ASSERT_TRUE(pool.Complete(lease).ok());

  const auto events = client_->WatchToEnd(job);
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_THAT(States(*events),
              ElementsAre(v1::QUEUED, v1::LOADING, v1::RUNNING, v1::WRITING, v1::SUCCEEDED));
  for (std::size_t i = 0; i < events->size(); ++i) EXPECT_EQ((*events)[i].sequence(), i + 1);
  const v1::Job done = *client_->GetJob(job);
  EXPECT_EQ(done.state(), v1::SUCCEEDED);
  EXPECT_EQ(done.last_iteration().iteration(), 3);
  EXPECT_EQ(done.slices_done(), lease.spec().volume().slices());

  const auto voxels = client_->ReadSlices(job, 2, 1);
  ASSERT_TRUE(voxels.ok()) << voxels.status();
  EXPECT_THAT(*voxels, SizeIs(lease.spec().volume().rows() * lease.spec().volume().columns()));
  EXPECT_THAT(*voxels, testing::Each(2.0f));
}

TEST_F(ServerTest, KeepsGoodChunksAndRefusesDamagedOnes) {
  const v1::Scan scan = *client_->CreateScan(SampleScan());
  const v1::ProjectionChunk good = SampleChunk(scan, v1::FRAME_KIND_PROJECTION, 0, 5);
  v1::ProjectionChunk bad = SampleChunk(scan, v1::FRAME_KIND_PROJECTION, 5, 7);
  bad.set_crc32c(bad.crc32c() + 1);
  std::vector<v1::ReceivedLines> acknowledged;
  EXPECT_EQ(client_->Upload(scan.name(), {good, bad}, &acknowledged).code(),
            absl::StatusCode::kDataLoss);
  ASSERT_THAT(acknowledged, SizeIs(1));
  EXPECT_EQ(acknowledged[0].end(), 5);
  const v1::Scan now = *client_->GetScan(scan.name());
  ASSERT_THAT(now.received(), SizeIs(1));
  EXPECT_EQ(now.received(0).end(), 5);
}

TEST_F(ServerTest, RefusesLinesOutsideTheScanAndUnknownScans) {
  const v1::Scan scan = *client_->CreateScan(SampleScan());
  v1::ProjectionChunk outside = SampleChunk(scan, v1::FRAME_KIND_DARK, 0, 4);
  outside.set_first_line(1);
  EXPECT_EQ(client_->Upload(scan.name(), {outside}).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(client_->Upload("scans/99", {}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client_->Upload("../etc", {}).code(), absl::StatusCode::kNotFound);
}

TEST_F(ServerTest, ResumesAnUploadAfterARestart) {
  const v1::Scan scan = *client_->CreateScan(SampleScan());
  ASSERT_TRUE(
      client_->Upload(scan.name(), {SampleChunk(scan, v1::FRAME_KIND_PROJECTION, 0, 10)}).ok());
  Restart();
  ASSERT_THAT(client_->GetScan(scan.name())->received(), SizeIs(1));
  std::vector<v1::ProjectionChunk> rest = AllChunks(scan);
  rest.back() = SampleChunk(scan, v1::FRAME_KIND_PROJECTION, 10, 24);
  ASSERT_TRUE(client_->Upload(scan.name(), rest).ok());
  EXPECT_TRUE(client_->GetScan(scan.name())->complete());
}

TEST_F(ServerTest, StartsAJobWhenItsScanIsComplete) {
  const v1::Scan scan = *client_->CreateScan(SampleScan());
  const std::string job = client_->CreateJob(SampleJob(scan.name()))->job().name();
  ASSERT_TRUE(
      client_->Upload(scan.name(), {SampleChunk(scan, v1::FRAME_KIND_PROJECTION, 0, 10)}).ok());
  EXPECT_EQ(client_->GetJob(job)->status_message(),
            "waits for 4 of 6 views and 2 of 2 flats and 1 of 1 darks of scans/1");
  ScriptedPool pool = Pool();
  ASSERT_TRUE(client_->Upload(scan.name(), AllChunks(scan)).ok());
  EXPECT_EQ(pool.NextLease().job(), job);
}

TEST_F(ServerTest, QueuesTheJobOfAPoolThatDiesAgain) {
  const std::string job = QueuedJob();
  ScriptedPool first = Pool("first");
  const v1::Lease lost = first.NextLease();
  ASSERT_TRUE(first.ReportState(lost.id(), v1::RUNNING).ok());
  ASSERT_TRUE(first.ReportIteration(lost.id(), 1).ok());
  first.Leave();
  ScriptedPool second = Pool("second");
  const v1::Lease lease = second.NextLease();
  EXPECT_EQ(lease.job(), job);
  EXPECT_EQ(lease.attempt(), 2);
  EXPECT_EQ(second.ReportIteration(lost.id(), 2).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(second.Deliver(lost.id(), {SampleSlices(lost.spec().volume(), 0, 1)}).code(),
            absl::StatusCode::kAborted);
  ASSERT_TRUE(second.Complete(lease).ok());
  const auto events = client_->WatchToEnd(job);
  EXPECT_THAT(States(*events), ElementsAre(v1::QUEUED, v1::LOADING, v1::RUNNING, v1::QUEUED,
                                           v1::LOADING, v1::SUCCEEDED));
  EXPECT_EQ(client_->GetJob(job)->attempts(), 2);
}

TEST_F(ServerTest, GivesUpAfterThreeAttemptsThatFailedAtTheSameIteration) {
  const std::string job = QueuedJob();
  ScriptedPool pool = Pool();
  for (const int iteration : {7, 8, 9, 9, 9}) {  // two of them came further than the one before
    const v1::Lease lease = pool.NextLease();
    ASSERT_TRUE(pool.ReportIteration(lease.id(), iteration).ok());
    ASSERT_TRUE(pool.ReportState(lease.id(), v1::FAILED, "out of luck").ok());
  }
  const v1::Job failed = *client_->GetJob(job);
  EXPECT_EQ(failed.state(), v1::FAILED);
  EXPECT_THAT(failed.status_message(),
              HasSubstr("3 failed attempts in a row at iteration 9; the last: out of luck"));
  EXPECT_EQ(failed.attempts(), 5);
}

TEST_F(ServerTest, GivesUpAfterFiveAttemptsWithoutProgress) {
  const std::string job = QueuedJob();
  ScriptedPool pool = Pool();
  for (const int iteration : {5, 9, 8, 7, 6, 7}) {
    const v1::Lease lease = pool.NextLease();
    ASSERT_TRUE(pool.ReportIteration(lease.id(), iteration).ok());
    ASSERT_TRUE(pool.ReportState(lease.id(), v1::FAILED, "out of luck").ok());
  }
  EXPECT_THAT(client_->GetJob(job)->status_message(),
              HasSubstr("5 failed attempts in a row without progress, the last at iteration 7"));
}

TEST_F(ServerTest, FailsAtOnceWhenThePoolSaysThatNothingHelps) {
  const std::string job = QueuedJob();
  ScriptedPool pool = Pool();
  const v1::Lease lease = pool.NextLease();
  ASSERT_TRUE(pool.ReportState(lease.id(), v1::FAILED, "7 counts of 0", true).ok());
  EXPECT_EQ(client_->GetJob(job)->state(), v1::FAILED);
  EXPECT_EQ(client_->GetJob(job)->status_message(), "7 counts of 0");
}

TEST_F(ServerTest, DoesNotBelieveSuccessWithoutSlices) {
  const std::string job = QueuedJob();
  ScriptedPool pool = Pool();
  const v1::Lease lease = pool.NextLease();
  ASSERT_TRUE(pool.ReportState(lease.id(), v1::SUCCEEDED).ok());
  EXPECT_EQ(pool.NextLease().attempt(), 2);
}

TEST_F(ServerTest, CancelsQueuedJobsAtOnceAndRunningOnesByTheNextReport) {
  const std::string running = QueuedJob();
  ScriptedPool pool = Pool();
  const v1::Lease lease = pool.NextLease();
  const std::string queued = QueuedJob();
  EXPECT_EQ(client_->CancelJob(queued)->state(), v1::CANCELLED);
  EXPECT_FALSE(pool.ReportIteration(lease.id(), 1)->cancel());
  EXPECT_EQ(client_->CancelJob(running)->state(), v1::LOADING);
  EXPECT_TRUE(pool.ReportIteration(lease.id(), 2)->cancel());
  ASSERT_TRUE(pool.ReportState(lease.id(), v1::CANCELLED).ok());
  EXPECT_EQ(client_->GetJob(running)->state(), v1::CANCELLED);
  EXPECT_EQ(client_->CancelJob(running)->state(), v1::CANCELLED);  // no error
}

TEST_F(ServerTest, CancelOfALostAttemptEndsTheJob) {
  const std::string job = QueuedJob();
  ScriptedPool pool = Pool();
  pool.NextLease();
  ASSERT_TRUE(client_->CancelJob(job).ok());
  pool.Leave();
  const auto events = client_->WatchToEnd(job);
  EXPECT_EQ(States(*events).back(), v1::CANCELLED);
}

TEST_F(ServerTest, RunsHigherPrioritiesFirstThenInOrder) {
  const std::string scan = UploadedScan().name();
  std::vector<std::string> jobs;
  for (const int priority : {0, 5, 0, 5}) {
    v1::JobSpec spec = SampleJob(scan);
    spec.set_priority(priority);
    jobs.push_back(client_->CreateJob(spec)->job().name());
  }
  ScriptedPool pool = Pool();
  std::vector<std::string> order;
  for (int i = 0; i < 4; ++i) {
    const v1::Lease lease = pool.NextLease();
    order.push_back(lease.job());
    ASSERT_TRUE(pool.Complete(lease).ok());
  }
  EXPECT_THAT(order, ElementsAre(jobs[1], jobs[3], jobs[0], jobs[2]));
}

TEST_F(ServerTest, SharesJobsAmongPoolsAndKeepsThoseForANamedPool) {
  const std::string scan = UploadedScan().name();
  v1::JobSpec for_b = SampleJob(scan);
  for_b.set_pool("b");
  const std::string first = client_->CreateJob(for_b)->job().name();
  const std::string second = client_->CreateJob(SampleJob(scan))->job().name();
  ScriptedPool a = Pool("a");
  EXPECT_EQ(a.NextLease().job(), second);
  ScriptedPool b = Pool("b");
  EXPECT_EQ(b.NextLease().job(), first);
}

TEST_F(ServerTest, RefusesASecondPoolOfTheSameName) {
  ScriptedPool pool = Pool("twin");
  const std::string job = QueuedJob();
  EXPECT_EQ(pool.NextLease().job(), job);
  ScriptedPool twin = Pool("twin");
  EXPECT_EQ(twin.End().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(ServerTest, WatchersFollowFromWhereTheyWere) {
  const std::string job = QueuedJob();
  ScriptedPool pool = Pool();
  const v1::Lease lease = pool.NextLease();
  std::vector<std::thread> threads;
  std::vector<std::vector<v1::JobEvent>> seen(20);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    threads.emplace_back([&, i] { seen[i] = *client_->WatchToEnd(job, 1); });
  }
  for (int i = 1; i <= 100; ++i) ASSERT_TRUE(pool.ReportIteration(lease.id(), i).ok());
  ASSERT_TRUE(pool.Complete(lease).ok());
  for (std::thread& thread : threads) thread.join();
  for (const auto& events : seen) {
    ASSERT_EQ(events.size(), seen[0].size());
    for (std::size_t i = 0; i < events.size(); ++i) ASSERT_EQ(events[i].sequence(), i + 2);
    EXPECT_EQ(States(events).back(), v1::SUCCEEDED);
  }
  EXPECT_EQ(client_->WatchToEnd("jobs/77").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client_->WatchToEnd(job, 1000).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ServerTest, ASlowWatcherHoldsUpNobody) {
  const std::string job = QueuedJob();
  ScriptedPool pool = Pool();
  const v1::Lease lease = pool.NextLease();
  grpc::ClientContext context;
  v1::WatchJobRequest request;
  request.set_name(job);
  const auto slow = client_->stub().WatchJob(&context, request);  // never read
  for (int i = 1; i <= 200; ++i) ASSERT_TRUE(pool.ReportIteration(lease.id(), i).ok());
  ASSERT_TRUE(pool.Complete(lease).ok());
  EXPECT_EQ(client_->GetJob(job)->state(), v1::SUCCEEDED);
  context.TryCancel();
}

TEST_F(ServerTest, SlicesCanBeReadWhileOthersAreMissing) {
  const std::string job = QueuedJob();
  ScriptedPool pool = Pool();
  const v1::Lease lease = pool.NextLease();
  EXPECT_EQ(client_->ReadSlices(job).status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(pool.Deliver(lease.id(), {SampleSlices(lease.spec().volume(), 1, 3)}).ok());
  EXPECT_TRUE(client_->ReadSlices(job, 1, 2).ok());
  const auto missing = client_->ReadSlices(job);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("has finished slices 1 .. 2"));
  EXPECT_EQ(client_->ReadSlices(job, 3, 9).status().code(), absl::StatusCode::kOutOfRange);
  v1::VolumeChunk damaged = SampleSlices(lease.spec().volume(), 0, 1);
  damaged.set_crc32c(1);
  EXPECT_EQ(pool.Deliver(lease.id(), {damaged}).code(), absl::StatusCode::kDataLoss);
}

TEST_F(ServerTest, ReadsAVolumeAsTheContentThatIsAskedFor) {
  v1::JobSpec spec = SampleJob(UploadedScan().name());
  for (const double grey : {1.0, 3.0})
    spec.mutable_algorithm()->mutable_dart()->add_grey_value_per_mm(grey);
  const std::string job = client_->CreateJob(spec)->job().name();
  v1::VolumeContent labels, amount, energy;
  labels.set_labels(true);
  amount.set_material("b");
  energy.set_virtual_energy_kev(60);
  ScriptedPool pool = Pool();
  const v1::Lease lease = pool.NextLease();
  const v1::VolumeGeometry& volume = lease.spec().volume();
  ASSERT_TRUE(pool.Deliver(lease.id(), {SampleSlices(volume, 0, 4)}).ok());
  EXPECT_EQ(client_->ReadContent(job, labels).status().code(),
            absl::StatusCode::kFailedPrecondition);  // no material was reported yet
  v1::JobEvent event;
  for (const auto& [name, grey] : {std::pair{"air", 0.0}, {"a", 1.0}, {"b", 3.0}}) {
    v1::MaterialReport::Entry* entry = event.mutable_materials()->add_entry();
    entry->set_name(name);
    entry->set_grey_value_per_mm(grey);
  }
  ASSERT_TRUE(pool.Report(lease.id(), event).ok());
  ASSERT_TRUE(pool.Complete(lease).ok());
  pool.Leave();
  Restart();  // what the materials are is kept with the job

  // Slice z holds z everywhere: air, a, between a and b, b.
  const std::size_t slice = std::size_t(volume.rows()) * volume.columns();
  EXPECT_EQ(*client_->ReadContent(job, labels),
            std::string(slice, 0) + std::string(slice, 1) + std::string(2 * slice, 2));
  EXPECT_EQ(*client_->ReadContent(job, labels, 1, 1), std::string(slice, 1));
  const std::string amounts = *client_->ReadContent(job, amount, 2, 1);
  const std::vector<float> half(slice, 0.5f);
  ASSERT_EQ(amounts.size(), slice * sizeof(float));
  EXPECT_EQ(std::memcmp(amounts.data(), half.data(), amounts.size()), 0);
  EXPECT_THAT(std::string(client_->ReadContent(job, energy).status().message()),
              HasSubstr("dart, which knows no energies"));
}

TEST_F(ServerTest, JobsComeBackAfterARestart) {
  const std::string job = QueuedJob();
  {
    ScriptedPool pool = Pool();
    const v1::Lease lease = pool.NextLease();
    ASSERT_TRUE(pool.ReportState(lease.id(), v1::RUNNING).ok());
    server_->Drain();
  }
  Restart();
  EXPECT_EQ(client_->GetJob(job)->state(), v1::QUEUED);
  ScriptedPool pool = Pool();
  const v1::Lease lease = pool.NextLease();
  EXPECT_EQ(lease.job(), job);
  ASSERT_TRUE(pool.Complete(lease).ok());
  EXPECT_EQ(client_->CreateScan(SampleScan())->name(), "scans/2");  // numbers go on
}

TEST_F(ServerTest, TheSameRequestMakesTheSameThing) {
  const v1::Scan scan = *client_->CreateScan(SampleScan(), "r1");
  EXPECT_EQ(client_->CreateScan(SampleScan(), "r1")->name(), scan.name());
  EXPECT_EQ(client_->CreateScan(SampleScan(7), "r1").status().code(),
            absl::StatusCode::kAlreadyExists);
  const auto job = client_->CreateJob(SampleJob(scan.name()), "r1");
  EXPECT_EQ(client_->CreateJob(SampleJob(scan.name()), "r1")->job().name(), job->job().name());
  v1::JobSpec other = SampleJob(scan.name());
  other.set_priority(1);
  EXPECT_EQ(client_->CreateJob(other, "r1").status().code(), absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace tomoslab
