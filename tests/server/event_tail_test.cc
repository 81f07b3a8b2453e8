#include "server/event_tail.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/job.h"

namespace tomoslab {
namespace {

class EventTailTest : public testing::Test {
 protected:
  void Add(const std::string& name, int count, std::size_t bytes = 10) {
    std::vector<v1::JobEvent> events;
    v1::Job& job = jobs_[name];
    job.set_name(name);
    job.set_state(v1::RUNNING);
    for (int i = 0; i < count; ++i) {
      v1::JobEvent event = LogEvent(v1::INFO, std::string(bytes, 'x'));
      job.set_last_event(job.last_event() + 1);
      event.set_sequence(job.last_event());
      events.push_back(event);
    }
    tail_.Add(job, events);
  }
  std::map<std::string, v1::Job> jobs_;
  EventTail tail_;
};

TEST_F(EventTailTest, GivesWhatCameAfterAnEvent) {
  jobs_["jobs/1"].set_last_event(40);  // of which it has not heard
  Add("jobs/1", 3);
  Add("jobs/1", 2);
  const auto events = tail_.After("jobs/1", 41, 3);
  ASSERT_TRUE(events.has_value());
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ(events->front()->sequence(), 42);
  EXPECT_EQ(events->back()->sequence(), 44);
  EXPECT_EQ(tail_.After("jobs/1", 40, 100)->size(), 5u);
  EXPECT_TRUE(tail_.After("jobs/1", 45, 100)->empty());
  EXPECT_EQ(tail_.ProgressOf("jobs/1")->last_event, 45);
  EXPECT_EQ(tail_.ProgressOf("jobs/1")->state, v1::RUNNING);
}

TEST_F(EventTailTest, SaysWhatItDoesNotKnow) {
  EXPECT_FALSE(tail_.After("jobs/1", 0, 1).has_value());
  EXPECT_FALSE(tail_.ProgressOf("jobs/1").has_value());
  jobs_["jobs/1"].set_last_event(40);
  Add("jobs/1", 1);
  EXPECT_FALSE(tail_.After("jobs/1", 39, 1).has_value());
  EXPECT_FALSE(tail_.After("jobs/1", 42, 1).has_value());  // there is no such event yet
  EXPECT_FALSE(tail_.After("jobs/1", -1, 1).has_value());
  tail_.Forget("jobs/1");
  EXPECT_FALSE(tail_.ProgressOf("jobs/1").has_value());
}

TEST_F(EventTailTest, KeepsSoManyBytesOfSoManyJobs) {
  Add("jobs/0", 100, EventTail::kMostBytes / 10);
  EXPECT_FALSE(tail_.After("jobs/0", 89, 100).has_value());
  EXPECT_EQ(tail_.After("jobs/0", 95, 100)->size(), 5u);
  Add("jobs/0", 1, 2 * EventTail::kMostBytes);  // the last one always
  EXPECT_EQ(tail_.After("jobs/0", 100, 100)->size(), 1u);
  for (std::size_t i = 1; i < EventTail::kMostJobs; ++i) Add(absl::StrCat("jobs/", i), 1);
  Add("jobs/0", 1);
  Add("jobs/new", 1);
  EXPECT_TRUE(tail_.ProgressOf("jobs/0").has_value());
  EXPECT_FALSE(tail_.ProgressOf("jobs/1").has_value());  // the one without news for longest
  EXPECT_TRUE(tail_.ProgressOf("jobs/2").has_value());
}

}  // namespace
}  // namespace tomoslab
