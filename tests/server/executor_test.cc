#include "server/executor.h"

#include <gtest/gtest.h>

#include <atomic>

namespace tomoslab {
namespace {

TEST(ExecutorTest, RunsEverythingBeforeItEnds) {
  std::atomic<int> ran{0};
  {
    Executor executor(3);
    for (int i = 0; i < 1000; ++i) {
      executor.Post([&, i] {
        ++ran;
        if (i % 100 == 0) executor.Post([&] { ++ran; });  // a task may post another
      });
    }
  }
  EXPECT_EQ(ran, 1010);
}

}  // namespace
}  // namespace tomoslab
