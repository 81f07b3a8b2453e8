#include "server/reader_pace.h"

#include <gtest/gtest.h>

namespace tomoslab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kRate = 1000;  // bytes per second

class ReaderPaceTest : public testing::Test {
 protected:
  /// So many messages of 2000 bytes, of which each waits for the reader.
  void Read(int messages, milliseconds each) {
    for (int i = 0; i < messages; ++i) {
      pace_.Waits(now_, 2000);
      now_ += each;
      pace_.Took(now_);
    }
  }
  ReaderPace pace_{kRate};
  ReaderPace::Clock::time_point now_{seconds(1000)};
};

TEST_F(ReaderPaceTest, OneWhoTakesNothingIsBehindForAsLongAsHeIsWaitedFor) {
  EXPECT_EQ(pace_.Behind(now_), seconds(0));
  pace_.Waits(now_, 2000);
  EXPECT_EQ(pace_.Behind(now_ + seconds(7)), seconds(7));
}

TEST_F(ReaderPaceTest, OneAtTheLeastRateIsNeverBehind) {
  Read(1000, seconds(2));
  EXPECT_EQ(pace_.Behind(now_), seconds(0));
}

TEST_F(ReaderPaceTest, OneAtHalfTheLeastRateFallsBehindByHalfOfTheTime) {
  Read(100, seconds(4));  // 400 s, for which 200 are given
  EXPECT_EQ(pace_.Behind(now_), seconds(200));
}

TEST_F(ReaderPaceTest, CatchesUpByReadingFasterAndWhenNothingWaitsForHim) {
  Read(10, seconds(4));
  ASSERT_EQ(pace_.Behind(now_), seconds(20));
  Read(10, seconds(1));
  EXPECT_EQ(pace_.Behind(now_), seconds(10));
  EXPECT_EQ(pace_.Behind(now_ + seconds(4)), seconds(6));
  now_ += seconds(8);
  Read(1, seconds(2));
  EXPECT_EQ(pace_.Behind(now_), seconds(2));
}

TEST_F(ReaderPaceTest, HasNoCreditForTimesBefore) {
  Read(100, milliseconds(1));
  pace_.Waits(now_, 2000);
  EXPECT_EQ(pace_.Behind(now_ + seconds(5)), seconds(5));
}

TEST_F(ReaderPaceTest, WithoutARateTakingIsEnough) {
  ReaderPace any(0);
  any.Waits(now_, 2000);
  EXPECT_EQ(any.Behind(now_ + seconds(100)), seconds(100));
  any.Took(now_ + seconds(100));
  EXPECT_EQ(any.Behind(now_ + seconds(100)), seconds(0));
  Read(10, seconds(4));
  pace_.Waits(now_, 0);  // of unknown size
  pace_.Took(now_ + seconds(3));
  EXPECT_EQ(pace_.Behind(now_ + seconds(3)), seconds(0));
}

}  // namespace
}  // namespace tomoslab
