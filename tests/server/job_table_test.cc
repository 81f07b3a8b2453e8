#include "server/job_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "server/job.h"
#include "tests/server/status_of.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class JobTableTest : public testing::Test {
 protected:
  v1::Job Append(const std::string& job, std::vector<v1::JobEvent> events) {
    const auto appended = stores_.jobs().Append(job, std::move(events));
    EXPECT_TRUE(appended.ok()) << appended.status();
    return appended.value_or(v1::Job());
  }
  TestStores stores_;
  const v1::Scan scan_ = stores_.FullScan();
  const std::string job_ = stores_.Job(SampleJob(scan_.name())).name();
};

TEST_F(JobTableTest, AppendsAllOrNothing) {
  Append(job_, {StateEvent(v1::LOADING, ""), LogEvent(v1::INFO, "hello")});
  EXPECT_EQ(
      CodeOf(stores_.jobs().Append(job_, {LogEvent(v1::INFO, "lost"), StateEvent(v1::LOADING, ""),
                                          StateEvent(static_cast<v1::JobState>(99), "")})),
      kFailedPrecondition);
  stores_.Reopen();
  EXPECT_EQ(stores_.jobs().Get(job_)->last_event(), 3);
  const auto events = *stores_.jobs().EventsAfter(job_, 1, 100);
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[1].log().text(), "hello");
  EXPECT_EQ(events[1].sequence(), 3);
  EXPECT_THAT(*stores_.jobs().EventsAfter(job_, 1, 1), SizeIs(1));
  EXPECT_THAT(*stores_.jobs().EventsAfter(job_, 3, 100), SizeIs(0));
}

TEST_F(JobTableTest, ReadsLongLogsInBoundedBatches) {
  std::vector<v1::JobEvent> events(40, LogEvent(v1::INFO, std::string(100'000, 'x')));
  Append(job_, events);
  EXPECT_LT(stores_.jobs().EventsAfter(job_, 0, 1000)->size(), 15u);
}

TEST_F(JobTableTest, KeepsTheSlicesOfTheNewestAttempt) {
  Append(job_, {StateEvent(v1::LOADING, "")});
  EXPECT_EQ(Append(job_, {SlicesEvent(0, 1), SlicesEvent(2, 4), SlicesEvent(2, 3)}).slices_done(),
            3);
  EXPECT_THAT(stores_.jobs().SlicesDone(job_)->Ranges(),
              ElementsAre(IndexRange{0, 1}, IndexRange{2, 4}));
  Append(job_, {StateEvent(v1::QUEUED, "")});
  const v1::Job again = Append(job_, {StateEvent(v1::LOADING, "")});
  EXPECT_EQ(again.slices_done(), 0);
  EXPECT_EQ(again.attempts(), 2);
  EXPECT_TRUE(stores_.jobs().SlicesDone(job_)->empty());
}

TEST_F(JobTableTest, WakesTheWatchersOfTheJobOnly) {
  const std::string other = stores_.Job(SampleJob(scan_.name())).name();
  int woken = 0;
  auto token = stores_.jobs().watchers().Watch(job_, [&] { ++woken; });
  Append(job_, {LogEvent(v1::INFO, "a")});
  Append(other, {LogEvent(v1::INFO, "b")});
  EXPECT_EQ(woken, 1);
  stores_.jobs().watchers().NotifyAll();
  EXPECT_EQ(woken, 2);
  token.reset();
  Append(job_, {LogEvent(v1::INFO, "c")});
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(stores_.jobs().watchers().Count(), 0u);
}

TEST_F(JobTableTest, ListsByStateInPages) {
  std::vector<std::string> expected;
  for (int i = 0; i < 4; ++i) {
    const std::string job = stores_.Job(SampleJob(scan_.name())).name();
    if (i % 2 == 0) {
      Append(job, {StateEvent(v1::CANCELLED, "")});
      expected.insert(expected.begin(), job);
    }
  }
  v1::ListJobsRequest request;
  request.set_page_size(1);
  request.add_state(v1::CANCELLED);
  std::vector<std::string> names;
  do {
    const auto page = stores_.jobs().List(request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Job& job : page->job()) names.push_back(job.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(names, expected);
}

TEST_F(JobTableTest, DeletesOnlyWhatIsOver) {
  EXPECT_EQ(CodeOf(stores_.queue().Delete(job_)), kFailedPrecondition);
  Append(job_, {StateEvent(v1::LOADING, "")});
  const v1::Job job = *stores_.jobs().Get(job_);
  ASSERT_TRUE(stores_.volumes().Begin(job, scan_).ok());
  const std::string volume = stores_.folder() + "/volumes/1.h5";
  EXPECT_TRUE(std::filesystem::exists(volume));
  Append(job_, {StateEvent(v1::SUCCEEDED, "")});

  v1::JobSpec next = SampleJob(scan_.name());
  next.mutable_start()->set_job(job_);
  const std::string user = stores_.Job(next).name();
  EXPECT_EQ(CodeOf(stores_.queue().Delete(job_)), kFailedPrecondition);
  Append(user, {StateEvent(v1::CANCELLED, "")});
  EXPECT_TRUE(stores_.queue().Delete(job_).ok());
  EXPECT_FALSE(std::filesystem::exists(volume));
  EXPECT_EQ(CodeOf(stores_.queue().Delete(job_)), kNotFound);
  EXPECT_EQ(CodeOf(stores_.jobs().EventsAfter("jobs/x", 0, 1)), kNotFound);
}

class JobQueueTest : public JobTableTest {
 protected:
  absl::StatusOr<v1::CreateJobResponse> Create(const v1::JobSpec& spec, PoolSize size,
                                               bool validate_only = false) {
    v1::CreateJobRequest request;
    *request.mutable_spec() = spec;
    request.set_validate_only(validate_only);
    return stores_.queue().Create(request, {{"p", size}});
  }
};

TEST_F(JobQueueTest, RefusesWhatDoesNotFitWithTheFigures) {
  const v1::JobSpec spec = SampleJob(scan_.name());
  const auto refused = Create(spec, {2, 100});
  EXPECT_EQ(CodeOf(refused), kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("does not fit"));
  const auto plan = Create(spec, {2, 100}, true);
  ASSERT_TRUE(plan.ok());
  EXPECT_FALSE(plan->plan().fits());
  EXPECT_FALSE(plan->has_job());
  EXPECT_EQ(plan->plan().ranks(), 2);
  EXPECT_TRUE(Create(spec, {2, 1 << 30})->plan().fits());
}

TEST_F(JobQueueTest, ChecksWhatAJobStartsFrom) {
  v1::JobSpec spec = SampleJob(scan_.name());
  spec.mutable_start()->set_job("jobs/99");
  EXPECT_EQ(CodeOf(Create(spec, {})), kNotFound);
  spec.mutable_start()->set_job(job_);
  const v1::Job next = Create(spec, {})->job();
  EXPECT_EQ(stores_.queue().Get(next.name())->status_message(), "waits for jobs/1");
  *spec.mutable_volume() = next.spec().volume();
  spec.mutable_volume()->set_columns(3);
  EXPECT_EQ(CodeOf(Create(spec, {})), kInvalidArgument);
  Append(job_, {StateEvent(v1::FAILED, "")});
  EXPECT_TRUE(stores_.queue().WaitOf(next)->hopeless);
  spec.clear_volume();
  EXPECT_EQ(CodeOf(Create(spec, {})), kFailedPrecondition);
}

TEST_F(JobQueueTest, RefusesUnknownScansAndBadSpecs) {
  EXPECT_EQ(CodeOf(Create(SampleJob("scans/77"), {})), kNotFound);
  v1::JobSpec spec = SampleJob(scan_.name());
  spec.mutable_algorithm()->mutable_sirt()->set_relaxation(5);
  EXPECT_EQ(CodeOf(Create(spec, {})), kInvalidArgument);
}

}  // namespace
}  // namespace tomoslab
