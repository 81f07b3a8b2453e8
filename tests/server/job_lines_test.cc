#include "server/job_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/job.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class JobLinesTest : public testing::Test {
 protected:
  JobLinesTest() { stores_.jobs().Observe(&lines_); }
  std::vector<v1::LogLine> Log(const std::string& job) {
    return *JobLogReader::Open(*logs_, job, 0)->Next();
  }
  TestStores stores_;
  std::unique_ptr<JobLogs> logs_ = *JobLogs::Open(stores_.folder() + "/logs");
  JobLines lines_{*logs_, stores_.scans()};
};

TEST_F(JobLinesTest, TellsAJobsLife) {
  const v1::Scan scan = stores_.FullScan();
  const std::string job = stores_.Job(SampleJob(scan.name())).name();
  ASSERT_TRUE(stores_.jobs()
                  .Append(job, {StateEvent(v1::LOADING, "on pool p")}, Durability::kNow, "p")
                  .ok());
  v1::CheckpointReport checkpoint;
  checkpoint.set_iteration(5);
  checkpoint.set_bytes(1000);
  v1::JobEvent iteration;
  iteration.mutable_iteration()->set_iteration(6);
  ASSERT_TRUE(stores_.jobs()
                  .Append(job, {CheckpointEvent(checkpoint), iteration, SlicesEvent(0, 1),
                                LogEvent(v1::WARNING, "lost. Its last lines:\n  one\n  two"),
                                StateEvent(v1::FAILED, "no luck")})
                  .ok());
  const auto log = Log(job);
  ASSERT_THAT(log, SizeIs(8));
  EXPECT_EQ(log[0].text(), "QUEUED");
  EXPECT_EQ(log[0].field().at("algorithm"), "sirt");
  EXPECT_EQ(log[0].field().at("scan"), scan.name());
  EXPECT_EQ(log[1].text(), "LOADING: on pool p");
  EXPECT_EQ(log[1].attempt(), 1);
  EXPECT_EQ(log[1].field().at("pool"), "p");
  EXPECT_EQ(log[2].field().at("views"), "6");
  EXPECT_EQ(log[3].field().at("iteration"), "5");
  EXPECT_EQ(log[4].text(), "lost. Its last lines:");
  EXPECT_EQ(log[6].text(), "  two");
  EXPECT_EQ(log[6].severity(), v1::WARNING);
  EXPECT_EQ(log[7].text(), "FAILED: no luck");
  EXPECT_EQ(log[7].severity(), v1::ERROR);
  for (const v1::LogLine& line : log) {
    EXPECT_EQ(line.rank(), -1);
    EXPECT_FALSE(line.host().empty());
  }
  ASSERT_TRUE(stores_.queue().Delete(job).ok());
  EXPECT_THAT(logs_->Jobs(), IsEmpty());
}

TEST(LinesOfTest, WhatAPoolSharesOutIsOneLineHoweverManyRanksItHas) {
  v1::JobEvent event;
  for (int rank = 0; rank < 5000; ++rank) {
    v1::RankReport* report = event.mutable_pool()->add_rank();
    report->set_host(rank % 2 == 0 ? "a" : "b");
    report->set_memory_bytes(10);
  }
  const auto lines = LinesOf(v1::Job(), event);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].field().at("ranks"), "5000");
  EXPECT_EQ(lines[0].field().at("hosts"), "2");
  EXPECT_EQ(lines[0].field().at("memory_bytes"), "50000");
}

}  // namespace
}  // namespace tomoslab
