#include "proto/log_line.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tomoslab {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::LogLine Line(const std::string& text) {
  v1::LogLine line = NewLogLine(v1::WARNING, text);
  *line.mutable_time() = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(1700000000123);
  return line;
}

TEST(LogLineTest, IsOneLineOfKeysAndValues) {
  v1::LogLine line = Line("3 rows \"lost\" at c:\\x");
  EXPECT_EQ(FormatLogLine(line, "", LogFormat::kText),
            R"(time=2023-11-14T22:13:20.123Z level=warning msg="3 rows \"lost\" at c:\\x")");
  line.set_rank(0);
  line.set_attempt(2);
  line.set_host("node 1");
  (*line.mutable_field())["iteration"] = "5";
  (*line.mutable_field())["bytes"] = "a=b";
  EXPECT_EQ(FormatLogLine(line, "jobs/7", LogFormat::kText),
            "time=2023-11-14T22:13:20.123Z level=warning job=jobs/7 attempt=2 rank=0 "
            "host=\"node 1\" msg=\"3 rows \\\"lost\\\" at c:\\\\x\" bytes=\"a=b\" iteration=5");
}

TEST(LogLineTest, IsAJsonObjectThatSaysTheSame) {
  v1::LogLine line = Line("tab\there \"q\" \x1b[31m ü");
  line.set_rank(3);
  (*line.mutable_field())["a b"] = "x";
  const auto json = nlohmann::json::parse(FormatLogLine(line, "jobs/7", LogFormat::kJson));
  EXPECT_EQ(json["job"], "jobs/7");
  EXPECT_EQ(json["rank"], 3);
  EXPECT_EQ(json["level"], "warning");
  EXPECT_EQ(json["msg"], "tab\\x09here \"q\" \\x1b[31m ü");
  EXPECT_EQ(json["a_b"], "x");
  EXPECT_FALSE(json.contains("attempt"));
}

TEST(LogLineTest, WhateverComesIsBounded) {
  v1::LogLine line;
  line.set_text(std::string(1 << 20, 'x'));
  line.set_host(std::string(1 << 20, 'y'));
  line.set_rank(-77);
  line.set_attempt(-1);
  line.set_severity(static_cast<v1::Severity>(99));
  line.mutable_time()->set_nanos(-5);
  for (int i = 0; i < 100; ++i)
    (*line.mutable_field())[std::string(500, 'k') + std::to_string(i)] = std::string(5000, 'v');
  const v1::LogLine bounded = BoundedLine(line);
  EXPECT_LE(bounded.text().size(), kLongestLogText);
  EXPECT_LE(bounded.host().size(), kLongestLogName);
  EXPECT_LE(bounded.field_size(), kMostLogFields);
  EXPECT_EQ(bounded.rank(), -1);
  EXPECT_EQ(bounded.attempt(), 0);
  EXPECT_EQ(bounded.severity(), v1::INFO);
  EXPECT_GE(bounded.time().nanos(), 0);
  EXPECT_LE(bounded.ByteSizeLong(), 64U << 10);
}

TEST(LogLineTest, LinesOfATextBecomeLines) {
  const std::vector<v1::LogLine> lines = SplitLines(Line("lost. Its last lines:\n  a\n\n  b\n"));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].text(), "lost. Its last lines:");
  EXPECT_EQ(lines[2].text(), "  b");
  EXPECT_EQ(lines[2].severity(), v1::WARNING);
  EXPECT_EQ(SplitLines(Line("")).size(), 1U);
  EXPECT_EQ(SplitLines(Line(std::string(1 << 20, '\n') + "a")).size(), 2U);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "x\n";
  EXPECT_EQ(SplitLines(Line(many)).size(), std::size_t{kMostSplitLines});
}

}  // namespace
}  // namespace tomoslab
