#include "server/lease_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "proto/log_line.h"
#include "tests/server/status_of.h"
#include "tests/server/temporary_folder.h"

namespace tomoslab {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LeaseLogsTest : public testing::Test {
 protected:
  void SetUp() override {
    job_.set_name("jobs/7");
    job_.set_attempts(2);
    logs_->Append("jobs/7", {NewLogLine(v1::INFO, "queued")});
    leases_.Begin("lease", job_, 2, now_);
  }
  v1::ReportLogRequest Report(const std::string& text, int rank = 0, std::int64_t number = 0) {
    v1::ReportLogRequest report;
    report.set_lease("lease");
    report.set_rank(rank);
    report.set_number(number);
    *report.add_line() = NewLogLine(v1::INFO, text);
    return report;
  }
  std::vector<v1::LogLine> Lines() {
    std::vector<v1::LogLine> lines;
    JobLogReader reader = *JobLogReader::Open(*logs_, "jobs/7", 1);
    for (auto next = *reader.Next(); !next.empty(); next = *reader.Next())
      lines.insert(lines.end(), next.begin(), next.end());
    return lines;
  }

  TemporaryFolder folder_;
  std::unique_ptr<JobLogs> logs_ = *JobLogs::Open(folder_.path() + "/logs");
  LeaseLogs leases_{logs_.get()};
  LeaseLogs::Clock::time_point now_ = LeaseLogs::Clock::now();
  v1::Job job_;
};

TEST_F(LeaseLogsTest, TakesEachReportOnceAndKnowsWhoWroteIt) {
  v1::ReportLogRequest report = Report("hello", 1, 1);
  report.mutable_line(0)->set_rank(-1);
  report.mutable_line(0)->set_attempt(99);
  report.mutable_line(0)->set_sequence(77);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(leases_.Report(report, now_).ok());
  EXPECT_TRUE(leases_.Report(Report("other rank", 0, 1), now_).ok());
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].sequence(), 2);
  EXPECT_EQ(lines[0].rank(), 1) << "nobody speaks for the server or for another rank";
  EXPECT_EQ(lines[0].attempt(), 2);
  EXPECT_EQ(lines[1].text(), "other rank");
}

TEST_F(LeaseLogsTest, RefusesWhatNoRankMaySay) {
  EXPECT_EQ(CodeOf(leases_.Report(Report("x", 2), now_)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(leases_.Report(Report("x", -1), now_)), absl::StatusCode::kInvalidArgument);
  v1::ReportLogRequest many = Report("x");
  while (many.line_size() <= kMostReportedLines) *many.add_line() = many.line(0);
  EXPECT_EQ(CodeOf(leases_.Report(many, now_)), absl::StatusCode::kInvalidArgument);
  v1::ReportLogRequest unknown = Report("x");
  unknown.set_lease("another");
  EXPECT_EQ(CodeOf(leases_.Report(unknown, now_)), absl::StatusCode::kAborted);
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(LeaseLogsTest, TakesLastWordsForAWhile) {
  leases_.End("lease", now_);
  EXPECT_TRUE(leases_.Report(Report("last words"), now_ + seconds(29)).ok());
  EXPECT_EQ(CodeOf(leases_.Report(Report("too late"), now_ + seconds(31))),
            absl::StatusCode::kAborted);
  EXPECT_THAT(Lines(), SizeIs(1));
}

TEST_F(LeaseLogsTest, AChattyPoolIsCutAndTheLogSaysSo) {
  const std::string text(kLongestLogText, 'x');
  const int fitting = static_cast<int>(kLeaseLogBurst) / static_cast<int>(kLongestLogText);
  for (int i = 0; i < fitting + 50; ++i) EXPECT_TRUE(leases_.Report(Report(text), now_).ok());
  EXPECT_LE(Lines().size(), static_cast<std::size_t>(fitting));
  const std::size_t before = Lines().size();
  EXPECT_TRUE(leases_.Report(Report("again"), now_ + seconds(1)).ok());
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), before + 2);
  EXPECT_THAT(lines[before].text(),
              HasSubstr(absl::StrCat(fitting + 50 - before, " lines of the ranks were dropped")));
  EXPECT_EQ(lines[before].severity(), v1::WARNING);
  EXPECT_EQ(lines[before + 1].text(), "again");
}

TEST_F(LeaseLogsTest, ADeletedJobGetsNoLogBack) {
  logs_->Remove("jobs/7");
  EXPECT_TRUE(leases_.Report(Report("late"), now_).ok());
  EXPECT_THAT(logs_->Jobs(), IsEmpty());
}

TEST_F(LeaseLogsTest, TerminalsObeyNoRank) {
  v1::ReportLogRequest report = Report("\x1b]0;owned\x07");
  report.mutable_line(0)->set_host("\x1b[2J");
  EXPECT_TRUE(leases_.Report(report, now_).ok());
  EXPECT_EQ(Lines()[0].text(), "\\x1b]0;owned\\x07");
  EXPECT_EQ(Lines()[0].host(), "\\x1b[2J");
}

}  // namespace
}  // namespace tomoslab
