#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/job.h"

namespace tomoslab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class MetricsTest : public testing::Test {
 protected:
  v1::Job Job(const std::string& name) {
    v1::Job job;
    job.set_name(name);
    job.mutable_spec()->mutable_algorithm()->mutable_sirt()->mutable_stopping()->set_iterations(9);
    job.mutable_create_time()->set_seconds(100);
    job.mutable_start_time()->set_seconds(107);
    job.set_attempts(1);
    return job;
  }
  void Begin(const v1::Job& job) { metrics_.Appended(job, {StateEvent(v1::LOADING, "")}); }
  v1::JobEvent Iteration(double residual) {
    v1::JobEvent event;
    v1::IterationReport* report = event.mutable_iteration();
    report->set_relative_residual(residual);
    report->set_exchanged_bytes(1000);
    report->mutable_seconds()->set_projection(2);
    report->mutable_seconds()->set_exchange(0.5);
    for (const double seconds : {1.0, 2.0})
      report->add_rank()->mutable_seconds()->set_projection(seconds);
    return event;
  }
  std::string Text(const ServerState& state = {}) { return metrics_.Text(state); }

  Metrics metrics_{"1.2.3"};
};

TEST_F(MetricsTest, WhatHasNotHappenedIsZero) {
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("tomoslab_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_jobs{state=\"RUNNING\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_ingest_bytes_total{result=\"refused\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_jobs_ended_total{state=\"FAILED\"} 0\n"));
  EXPECT_THAT(text, ContainsRegex("process_resident_memory_bytes [1-9]"));
  EXPECT_THAT(text, ContainsRegex("process_open_fds [1-9]"));
}

TEST_F(MetricsTest, FollowsAJobsLife) {
  const v1::Job job = Job("jobs/1");
  metrics_.Appended(job, {StateEvent(v1::QUEUED, "")});
  Begin(job);
  metrics_.Appended(job, {Iteration(0.25), Iteration(0.125)});
  std::string text = Text();
  EXPECT_THAT(text, HasSubstr("tomoslab_attempts_total 1\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_job_queue_seconds_sum{algorithm=\"sirt\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_job_iteration_seconds_count{algorithm=\"sirt\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_job_iteration_seconds_sum{algorithm=\"sirt\"} 4\n"))
      << "of the slowest rank";
  EXPECT_THAT(text, HasSubstr("tomoslab_job_relative_residual{job=\"jobs/1\"} 0.125\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_exchange_bytes_total 2000\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_exchange_wait_seconds_total 1\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_job_phase_seconds_total{phase=\"projection\"} 4\n"));
  EXPECT_THAT(text, Not(ContainsRegex("tomoslab_checkpoint_age_seconds 0\n")));
  metrics_.Appended(job, {StateEvent(v1::SUCCEEDED, "")});
  text = Text();
  EXPECT_THAT(text, HasSubstr("tomoslab_jobs_ended_total{state=\"SUCCEEDED\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("jobs/1"))) << "jobs that are over leave no label behind";
  EXPECT_THAT(text, HasSubstr("tomoslab_checkpoint_age_seconds 0\n"));
}

TEST_F(MetricsTest, CountsLostAttemptsAndCheckpoints) {
  v1::Job job = Job("jobs/1");
  Begin(job);
  v1::CheckpointReport report;
  report.set_bytes(500);
  report.set_seconds(0.25);
  metrics_.Appended(job, {CheckpointEvent(report)});
  metrics_.Appended(job, {StateEvent(v1::QUEUED, "lost")});
  job.set_attempts(2);
  Begin(job);
  report.set_kind(v1::CheckpointReport::RESUMED);
  metrics_.Appended(job, {CheckpointEvent(report)});
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("tomoslab_attempts_lost_total 1\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_attempts_total 2\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_checkpoint_bytes_total 500\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_checkpoint_seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_checkpoints_resumed_total 1\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_job_queue_seconds_count{algorithm=\"sirt\"} 1\n"))
      << "of the first attempt only";
}

TEST_F(MetricsTest, JobsPoolsAndMethodsCannotMakeLabelsWithoutLimit) {
  ServerState state;
  for (int i = 0; i < 300; ++i) {
    const v1::Job job = Job(absl::StrCat("jobs/", i));
    Begin(job);
    metrics_.Appended(job, {Iteration(0.5)});
    v1::PoolInfo& pool = state.pools.emplace_back();
    pool.set_name(absl::StrCat("pool-", i));
    pool.set_ranks(2);
    pool.add_usage()->set_resident_bytes(10);
    metrics_.NoteCall({absl::StrCat("Invented.", i), absl::StatusCode::kInternal, false, {}});
  }
  const std::string text = Text(state);
  const auto count = [&](const std::string& start) {
    int found = 0;
    for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count("\ntomoslab_job_relative_residual{"), static_cast<int>(Metrics::kMostJobs));
  EXPECT_EQ(count("\ntomoslab_pool_resident_bytes{"), static_cast<int>(Metrics::kMostPools) + 1);
  EXPECT_THAT(text, HasSubstr("tomoslab_pool_resident_bytes{pool=\"other\"} 2000\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_ranks_up 600\n"));
  EXPECT_EQ(count("\ntomoslab_grpc_calls_total{"), 1);
  EXPECT_THAT(Text(), Not(HasSubstr("tomoslab_pool_resident_bytes{"))) << "pools that went away";
}

TEST_F(MetricsTest, CountsCallsAndUploads) {
  using std::chrono::milliseconds;
  metrics_.NoteCall({"Reconstruction.GetJob", absl::StatusCode::kOk, false, milliseconds(5)});
  metrics_.NoteCall({"Reconstruction.GetJob", absl::StatusCode::kNotFound, false, milliseconds(5)});
  metrics_.NoteCall({"Reconstruction.WatchJob", absl::StatusCode::kOk, true, milliseconds(5)});
  metrics_.NoteIngest({IngestReport::kDuplicate, 100, 0.5});
  metrics_.NoteIngest({IngestReport::kDuplicate, 100, 0.5});
  ServerState state;
  state.watchers = 3;
  state.open_streams = 4;
  const std::string text = Text(state);
  EXPECT_THAT(text, ContainsRegex("tomoslab_grpc_calls_total\\{[^}]*OK[^}]*GetJob[^}]*\\} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("tomoslab_grpc_call_seconds_count{method=\"Reconstruction.GetJob\"} 2"));
  EXPECT_THAT(text,
              Not(HasSubstr("tomoslab_grpc_call_seconds_count{method=\"Reconstruction.Watch")));
  EXPECT_THAT(text, HasSubstr("tomoslab_ingest_frames_total{result=\"duplicate\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_ingest_bytes_total{result=\"duplicate\"} 200\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_watchers 3\n"));
  EXPECT_THAT(text, HasSubstr("tomoslab_open_streams 4\n"));
}

}  // namespace
}  // namespace tomoslab
