#include "server/job.h"

#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include "tests/server/status_of.h"

namespace tomoslab {
namespace {

TEST(JobTest, GoesForwardBackToTheQueueOrEnds) {
  const v1::JobState all[] = {v1::QUEUED,    v1::LOADING, v1::RUNNING,  v1::WRITING,
                              v1::SUCCEEDED, v1::FAILED,  v1::CANCELLED};
  for (const v1::JobState from : all) {
    for (const v1::JobState to : all) {
      bool legal = false;
      if (from == v1::QUEUED) legal = to == v1::LOADING || to == v1::FAILED || to == v1::CANCELLED;
      if (IsLeased(from)) legal = to >= from || to == v1::QUEUED;
      EXPECT_EQ(CheckTransition(from, to).ok(), legal)
          << v1::JobState_Name(from) << " to " << v1::JobState_Name(to);
    }
  }
  EXPECT_TRUE(CheckTransition(v1::JOB_STATE_UNSPECIFIED, v1::QUEUED).ok());
  EXPECT_FALSE(CheckTransition(v1::RUNNING, v1::JOB_STATE_UNSPECIFIED).ok());
  EXPECT_FALSE(CheckTransition(v1::RUNNING, static_cast<v1::JobState>(99)).ok());
}

TEST(JobTest, EventsNumberAndChangeTheJob) {
  const auto now = google::protobuf::util::TimeUtil::SecondsToTimestamp(1000);
  v1::Job job;
  v1::JobEvent event = StateEvent(v1::QUEUED, "");
  ASSERT_TRUE(ApplyEvent(now, &event, &job).ok());
  event = StateEvent(v1::LOADING, "on pool p");
  ASSERT_TRUE(ApplyEvent(now, &event, &job).ok());
  EXPECT_EQ(event.sequence(), 2);
  EXPECT_EQ(event.time().seconds(), 1000);
  EXPECT_EQ(job.start_time().seconds(), 1000);
  EXPECT_EQ(job.status_message(), "on pool p");
  event.mutable_iteration()->set_iteration(4);
  ASSERT_TRUE(ApplyEvent(now, &event, &job).ok());
  EXPECT_EQ(job.last_iteration().iteration(), 4);
  event = StateEvent(v1::FAILED, "broken");
  ASSERT_TRUE(ApplyEvent(now, &event, &job).ok());
  EXPECT_TRUE(job.has_end_time());
  event = StateEvent(v1::RUNNING, "");
  EXPECT_EQ(CodeOf(ApplyEvent(now, &event, &job)), kFailedPrecondition);
  EXPECT_EQ(job.last_event(), 4);
  EXPECT_EQ(job.state(), v1::FAILED);
}

TEST(JobTest, ANewAttemptForgetsTheIterationsOfTheLast) {
  const auto now = google::protobuf::util::TimeUtil::SecondsToTimestamp(1000);
  v1::Job job;
  job.set_state(v1::QUEUED);
  job.mutable_last_iteration()->set_iteration(30);
  job.mutable_materials()->add_entry()->set_name("air");
  v1::JobEvent event = StateEvent(v1::LOADING, "");
  ASSERT_TRUE(ApplyEvent(now, &event, &job).ok());
  EXPECT_FALSE(job.has_last_iteration());
  EXPECT_FALSE(job.has_materials());
  event.mutable_materials()->add_entry()->set_name("steel");
  ASSERT_TRUE(ApplyEvent(now, &event, &job).ok());
  EXPECT_EQ(job.materials().entry(0).name(), "steel");
}

}  // namespace
}  // namespace tomoslab
