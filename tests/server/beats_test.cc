#include "server/beats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/samples.h"
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
  absl::Status Note(const std::string& lease, int rank) {
    return beats_.Note(BeatOf(lease, rank), now_);
  }
  const Beats::Clock::time_point start_ = Beats::Clock::now();
  Beats::Clock::time_point now_ = start_;
  Beats beats_;
};

TEST_F(BeatsTest, FindsARankThatNeverBeat) {
  beats_.Begin("a", 3, now_);
  EXPECT_THAT(LookUntil(start_ + seconds(14)), IsEmpty()) << "no rank has begun";
  for (const int rank : {0, 2}) ASSERT_TRUE(Note("a", rank).ok());
  ASSERT_THAT(LookUntil(now_ + seconds(6)), IsEmpty());
  for (const int rank : {0, 2}) ASSERT_TRUE(Note("a", rank).ok());
  const auto silent = LookUntil(now_ + seconds(3));
  ASSERT_THAT(silent, SizeIs(1));
  EXPECT_EQ(silent[0].rank, 1);
  EXPECT_EQ(silent[0].lease, "a");
}

TEST_F(BeatsTest, FindsAPoolOfWhichNoRankBegins) {
  beats_.Begin("a", 2, now_);
  const auto silent = LookUntil(start_ + seconds(15));
  ASSERT_THAT(silent, SizeIs(1));
  EXPECT_EQ(silent[0].lease, "a");
  EXPECT_GE(silent[0].time, seconds(14));
}

TEST_F(BeatsTest, GivesRanksTheTimeThatTheServerWasStopped) {
  beats_.Begin("a", 1, now_);
  ASSERT_TRUE(Note("a", 0).ok());
  ASSERT_THAT(LookUntil(now_ + seconds(4)), IsEmpty());
  now_ += seconds(30);
  EXPECT_THAT(LookUntil(now_ + seconds(2)), IsEmpty());
  EXPECT_THAT(LookUntil(now_ + seconds(2)), SizeIs(1));
}

TEST_F(BeatsTest, RefusesWhatIsNoRankOfALivingLease) {
  beats_.Begin("a", 2, now_);
  EXPECT_EQ(CodeOf(Note("a", 2)), kOutOfRange);
  EXPECT_EQ(CodeOf(Note("a", -1)), kOutOfRange);
  EXPECT_EQ(CodeOf(Note("b", 0)), kAborted);
  beats_.End("a");
  EXPECT_EQ(CodeOf(Note("a", 0)), kAborted);
}

TEST_F(BeatsTest, KeepsWhatEachRankSaidLastThatItTakes) {
  beats_.Begin("a", 2, now_);
  EXPECT_THAT(beats_.Usage("a"), IsEmpty());
  ASSERT_TRUE(Note("a", 0).ok()) << "an older worker says nothing";
  v1::BeatRequest beat = BeatOf("a", 1);
  for (const int megabytes : {5, 3}) {
    beat.mutable_usage()->set_rank(77);
    beat.mutable_usage()->set_resident_bytes(megabytes << 20);
    ASSERT_TRUE(beats_.Note(beat, now_).ok());
  }
  ASSERT_THAT(beats_.Usage("a"), SizeIs(1));
  EXPECT_EQ(beats_.Usage("a")[0].rank(), 1);
  EXPECT_EQ(beats_.Usage("a")[0].resident_bytes(), 3 << 20);
  beats_.End("a");
  EXPECT_THAT(beats_.Usage("a"), IsEmpty());
}

}  // namespace
}  // namespace tomoslab
