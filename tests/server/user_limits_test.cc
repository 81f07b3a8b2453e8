#include "server/user_limits.h"

#include <gtest/gtest.h>

#include "proto/grpc_status.h"

namespace tomoslab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const UserLimits::Clock::time_point kStart{std::chrono::hours(1)};

TEST(UserLimits, TakesBurstsButNotForLong) {
  UserLimits limits(Limits{.calls_per_second = 2});
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limits.CountCall("a", kStart).ok()) << i;
  const absl::Status refused = limits.CountCall("a", kStart);
  EXPECT_TRUE(absl::IsResourceExhausted(refused));
  ASSERT_TRUE(RetryDelay(refused).has_value());
  EXPECT_EQ(*RetryDelay(refused), milliseconds(500));
  EXPECT_FALSE(limits.CountCall("a", kStart + milliseconds(499)).ok());
  EXPECT_TRUE(limits.CountCall("a", kStart + milliseconds(501)).ok());
  EXPECT_TRUE(limits.CountCall("b", kStart).ok());  // others are not held back
  EXPECT_TRUE(limits.CountCall("a", kStart + seconds(60)).ok());
}

TEST(UserLimits, PlacesOfStreamsComeBack) {
  UserLimits limits(Limits{.watchers = 2, .streams = 1});
  const auto first = limits.TakeStream("a", StreamKind::kWatcher);
  auto second = limits.TakeStream("a", StreamKind::kWatcher);
  ASSERT_TRUE(first.ok() && second.ok());
  const absl::Status refused = limits.TakeStream("a", StreamKind::kWatcher).status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused));
  EXPECT_TRUE(RetryDelay(refused).has_value());
  EXPECT_TRUE(limits.TakeStream("a", StreamKind::kData).ok());  // counted apart
  EXPECT_TRUE(limits.TakeStream("b", StreamKind::kWatcher).ok());
  second->reset();
  EXPECT_TRUE(limits.TakeStream("a", StreamKind::kWatcher).ok());
}

TEST(UserLimits, ZeroIsNoLimit) {
  UserLimits limits(Limits{.calls_per_second = 0, .watchers = 0});
  std::vector<std::shared_ptr<void>> places;
  for (int i = 0; i < 5000; ++i) {
    EXPECT_TRUE(limits.CountCall("a", kStart).ok());
    places.push_back(*limits.TakeStream("a", StreamKind::kWatcher));
  }
}

}  // namespace
}  // namespace tomoslab
