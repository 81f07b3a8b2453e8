#include "proto/log_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace tomoslab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class LogOutputTest : public testing::Test {
 protected:
  void TearDown() override {
    SetLogContext({});
    HandOnLogLines(nullptr);
  }
  /// What `say` makes this program write.
  template <class Say>
  std::string Written(LogFormat format, Say say) {
    testing::internal::CaptureStderr();
    LogToStderr(format);
    say();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogOutputTest, WritesOneLineForEachMessage) {
  const std::string text = Written(LogFormat::kText, [] {
    spdlog::warn("two\nlines");
    spdlog::info("jobs/12: leased to {}", "local-1");
  });
  EXPECT_THAT(text, ContainsRegex("^time=[^ ]+Z level=warning msg=\"two\\\\\\\\x0alines\"\n"));
  EXPECT_THAT(text, HasSubstr("level=info job=jobs/12 msg=\"leased to local-1\"\n"));
}

TEST_F(LogOutputTest, OnlyNamesOfJobsAreTaken) {
  const std::string text = Written(LogFormat::kText, [] {
    spdlog::info("jobs/: x");
    spdlog::info("jobs/1");
    spdlog::info("jobs/1x: y");
  });
  EXPECT_THAT(text, Not(HasSubstr("job=")));
}

TEST_F(LogOutputTest, SaysWhatARankWorksOn) {
  const std::string text = Written(LogFormat::kJson, [] {
    SetLogContext({"jobs/3", 2, 1, "node"});
    spdlog::error("out of memory");
    SetLogContext({"", 0, 1, "node"});
    spdlog::info("idle");
  });
  EXPECT_THAT(text,
              HasSubstr(R"("level":"error","job":"jobs/3","attempt":2,"rank":1,"host":"node",)"
                        R"("msg":"out of memory"})"));
  EXPECT_THAT(text, HasSubstr(R"("level":"info","rank":1,"host":"node","msg":"idle"})"));
}

TEST_F(LogOutputTest, HandsLinesOnButNotWhatThatItselfLogs) {
  std::vector<std::string> taken;
  const std::string text = Written(LogFormat::kText, [&] {
    HandOnLogLines([&](const v1::LogLine& line, const std::string& job) {
      taken.push_back(job + "|" + line.text());
      spdlog::info("taking one");
    });
    spdlog::info("jobs/1: a");
    HandOnLogLines(nullptr);
    spdlog::info("jobs/1: b");
  });
  EXPECT_THAT(taken, testing::ElementsAre("jobs/1|a"));
  EXPECT_THAT(text, HasSubstr("taking one"));
}

TEST_F(LogOutputTest, LinesKeepTheirFields) {
  const std::string text = Written(LogFormat::kText, [] {
    v1::LogLine line = NewLogLine(v1::ERROR, "damaged");
    (*line.mutable_field())["bytes"] = "12";
    line.set_attempt(4);
    LogAbout("jobs/9", line);
  });
  EXPECT_THAT(text, HasSubstr("level=error job=jobs/9 attempt=4 msg=\"damaged\" bytes=12\n"));
}

}  // namespace
}  // namespace tomoslab
