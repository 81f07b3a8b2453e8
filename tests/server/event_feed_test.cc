#include "server/web/event_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "server/job.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class EventFeedTest : public testing::Test {
 protected:
  std::int64_t Say(const std::string& words) {
    return stores_.jobs().Append(job_.name(), {LogEvent(v1::INFO, words)})->last_event();
  }
  TestStores stores_;
  const v1::Job job_ = stores_.Job(SampleJob(stores_.FullScan().name()));
};

TEST_F(EventFeedTest, GivesNewEventsWithoutTheDatabase) {
  EventFeed feed(stores_.jobs());
  const std::int64_t before = Say("first");
  const std::int64_t last = Say("second");
  std::future<absl::StatusOr<EventFeed::Batch>> batch;
  std::future<absl::StatusOr<bool>> over;
  {
    Transaction busy(stores_.database());  // nobody else gets at it meanwhile
    batch = std::async(std::launch::async, [&] { return feed.After(job_.name(), before); });
    over = std::async(std::launch::async, [&] { return feed.IsOver(job_.name(), last); });
    EXPECT_EQ(batch.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    EXPECT_EQ(over.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  }
  const EventFeed::Batch second = *batch.get();
  EXPECT_EQ(second.last, last);
  EXPECT_THAT(second.text, StartsWith("id: " + std::to_string(last) + "\ndata: {"));
  EXPECT_THAT(second.text, HasSubstr("second"));
  EXPECT_FALSE(*over.get());
}

TEST_F(EventFeedTest, GivesOldEventsFromTheDatabase) {
  const std::int64_t before = Say("first");
  Say("second");
  stores_.Reopen();  // memory knows of none
  EventFeed feed(stores_.jobs());
  const EventFeed::Batch second = *feed.After(job_.name(), before);
  EXPECT_THAT(second.text, HasSubstr("second"));
  EXPECT_TRUE(feed.After(job_.name(), second.last)->text.empty());
}

}  // namespace
}  // namespace tomoslab
