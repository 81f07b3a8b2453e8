#include "server/beats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/status_of.h"

namespace tomoslab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

class BeatsTest : public testing::Test {
 protected:
  /// Looks every half second until `until`.
  std::vector<Beats::Silence> LookUntil(Beats::Clock::time_point until) {
    std::vector<Beats::Silence> silent;
    for (; now_ <= until && silent.empty(); now_ += milliseconds(500))
      silent = beats_.Silent(now_, seconds(7));
    return silent;
  }
  const Beats::Clock::time_point start_ = Beats::Clock::now();
  Beats::Clock::time_point now_ = start_;
  Beats beats_;
};

TEST_F(BeatsTest, FindsARankThatNeverBeat) {
  beats_.Begin("a", 3);
  EXPECT_THAT(LookUntil(start_ + seconds(20)), IsEmpty()) << "no rank has begun";
  for (const int rank : {0, 2}) ASSERT_TRUE(beats_.Note("a", rank, now_).ok());
  ASSERT_THAT(LookUntil(now_ + seconds(6)), IsEmpty());
  for (const int rank : {0, 2}) ASSERT_TRUE(beats_.Note("a", rank, now_).ok());
  const auto silent = LookUntil(now_ + seconds(3));
  ASSERT_THAT(silent, SizeIs(1));
  EXPECT_EQ(silent[0].rank, 1);
  EXPECT_EQ(silent[0].lease, "a");
}

TEST_F(BeatsTest, GivesRanksTheTimeThatTheServerWasStopped) {
  beats_.Begin("a", 1);
  ASSERT_TRUE(beats_.Note("a", 0, now_).ok());
  ASSERT_THAT(LookUntil(now_ + seconds(4)), IsEmpty());
  now_ += seconds(30);
  EXPECT_THAT(LookUntil(now_ + seconds(2)), IsEmpty());
  EXPECT_THAT(LookUntil(now_ + seconds(2)), SizeIs(1));
}

TEST_F(BeatsTest, RefusesWhatIsNoRankOfALivingLease) {
  beats_.Begin("a", 2);
  EXPECT_EQ(CodeOf(beats_.Note("a", 2, now_)), kOutOfRange);
  EXPECT_EQ(CodeOf(beats_.Note("a", -1, now_)), kOutOfRange);
  EXPECT_EQ(CodeOf(beats_.Note("b", 0, now_)), kAborted);
  beats_.End("a");
  EXPECT_EQ(CodeOf(beats_.Note("a", 0, now_)), kAborted);
}

}  // namespace
}  // namespace tomoslab
