#include "server/job_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "proto/log_line.h"
#include "tests/server/temporary_folder.h"

namespace tomoslab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class JobLogsTest : public testing::Test {
 protected:
  std::string Logs() const { return folder_.path() + "/logs"; }
  void Reopen(std::int64_t bytes = kJobLogBytes) { logs_ = *JobLogs::Open(Logs(), bytes); }
  void Write(const std::string& text, v1::Severity severity = v1::INFO) {
    logs_->Append("jobs/7", {NewLogLine(severity, text)});
  }
  std::vector<v1::LogLine> Lines(std::int64_t after = 0, int last = 0,
                                 v1::Severity least = v1::SEVERITY_UNSPECIFIED) {
    return *LastLines(*JobLogReader::Open(*logs_, "jobs/7", after), last, least);
  }
  std::vector<std::string> Texts(std::int64_t after = 0, int last = 0,
                                 v1::Severity least = v1::SEVERITY_UNSPECIFIED) {
    std::vector<std::string> texts;
    for (const v1::LogLine& line : Lines(after, last, least))
      texts.push_back(absl::StrCat(line.sequence(), " ", line.text()));
    return texts;
  }
  std::uintmax_t BytesOnDisk() const {
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(Logs() + "/7"))
      bytes += file.file_size();
    return bytes;
  }

  TemporaryFolder folder_;
  std::unique_ptr<JobLogs> logs_ = *JobLogs::Open(Logs());
};

TEST_F(JobLogsTest, KeepsLinesInOrderAcrossRestarts) {
  Write("a");
  Write("b", v1::WARNING);
  Reopen();
  Write("c");
  EXPECT_THAT(Texts(), ElementsAre("1 a", "2 b", "3 c"));
  EXPECT_THAT(Texts(2), ElementsAre("3 c"));
  EXPECT_THAT(Texts(0, 2), ElementsAre("2 b", "3 c"));
  EXPECT_THAT(Texts(0, 0, v1::WARNING), ElementsAre("2 b"));
  EXPECT_THAT(Texts(3), IsEmpty());
}

TEST_F(JobLogsTest, JobsHaveLogsOfTheirOwn) {
  Write("a");
  logs_->Append("jobs/70", {NewLogLine(v1::INFO, "x")});
  logs_->Append("jobs/70", {NewLogLine(v1::INFO, "y")});
  EXPECT_THAT(Texts(), ElementsAre("1 a"));
  EXPECT_THAT(logs_->Jobs(), ElementsAre("jobs/7", "jobs/70"));
  logs_->Remove("jobs/70");
  Reopen();
  EXPECT_THAT(logs_->Jobs(), ElementsAre("jobs/7"));
  EXPECT_THAT(Texts(), ElementsAre("1 a"));
}

TEST_F(JobLogsTest, LateLinesDoNotBringALogBack) {
  Write("a");
  logs_->Remove("jobs/7");
  logs_->Append("jobs/7", {NewLogLine(v1::INFO, "late")}, JobLogs::Missing::kIgnore);
  EXPECT_THAT(Texts(), IsEmpty());
  EXPECT_THAT(logs_->Jobs(), IsEmpty());
  EXPECT_FALSE(JobLogReader::Open(*logs_, "../../etc", 0).ok());
  logs_->Append("jobs/../x", {NewLogLine(v1::INFO, "nowhere")});
  EXPECT_THAT(logs_->Jobs(), IsEmpty());
}

TEST_F(JobLogsTest, IsBoundedAndSaysWhatIsMissing) {
  Reopen(8000);
  for (int i = 0; i < 500; ++i) Write(absl::StrCat("line ", i));
  EXPECT_LE(BytesOnDisk(), 8000U);
  const std::vector<v1::LogLine> lines = Lines();
  ASSERT_GT(lines.size(), 30U);
  EXPECT_THAT(lines.front().text(), HasSubstr("lines are missing here: the log was full"));
  EXPECT_EQ(lines.front().severity(), v1::WARNING);
  EXPECT_EQ(lines.back().text(), "line 499");
  for (std::size_t i = 1; i < lines.size(); ++i)
    EXPECT_EQ(lines[i].sequence(), lines[i - 1].sequence() + 1);
  Reopen(8000);
  Write("after");
  EXPECT_EQ(Lines().back().sequence(), 501);
}

TEST_F(JobLogsTest, AHugeLineIsCutAndKept) {
  Reopen(100'000);
  Write(std::string(1 << 20, 'x'));
  Write("next");
  ASSERT_THAT(Lines(), SizeIs(2));
  EXPECT_EQ(Lines()[0].text().size(), kLongestLogText);
}

TEST_F(JobLogsTest, ADamagedFileCostsTheLinesThatWereHit) {
  for (int i = 0; i < 5; ++i) Write(absl::StrCat("line ", i));
  const std::string path = Logs() + "/7/1.log";
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(path));
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(bytes / 2);
    file.put('\x01');
  }
  Reopen();
  Write("after");
  const std::vector<std::string> texts = Texts();
  ASSERT_THAT(texts, SizeIs(6)) << "five lines, and one in place of the damaged one";
  EXPECT_THAT(texts[2], HasSubstr("3 1 lines are missing"));
  EXPECT_EQ(texts[5], "6 after");
}

TEST_F(JobLogsTest, ALineThatWasCutShortCostsNothingElse) {
  Write("a");
  Write("b");
  const std::string path = Logs() + "/7/1.log";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 5);
  Reopen();
  Write("c");
  EXPECT_THAT(Texts(), ElementsAre("1 a", "2 c"));
}

TEST_F(JobLogsTest, NonsenseInItsFileIsNotRead) {
  std::filesystem::create_directories(Logs() + "/7");
  std::ofstream(Logs() + "/7/3.log", std::ios::binary) << std::string(3 << 20, 'z') << "\n\n\0\n";
  std::ofstream(Logs() + "/7/no.log") << "x";
  Reopen();
  EXPECT_THAT(Texts(), IsEmpty());
  Write("a");
  EXPECT_THAT(Texts(), ElementsAre("1 a"));
}

TEST_F(JobLogsTest, AReaderGoesOnWhileLinesAreWrittenAndDropped) {
  Reopen(64 << 10);
  JobLogReader reader = *JobLogReader::Open(*logs_, "jobs/7", 0);
  std::thread writer([&] {
    for (int i = 0; i < 3000; ++i) Write(absl::StrCat("line ", i));
  });
  std::int64_t last = 0;
  while (last < 3000) {
    for (const v1::LogLine& line : *reader.Next()) {
      const bool gap = line.text().find("missing") != std::string::npos;
      EXPECT_GT(line.sequence(), last);
      if (!gap) {
        EXPECT_EQ(line.text(), absl::StrCat("line ", line.sequence() - 1));
        EXPECT_EQ(line.sequence(), last + 1) << "what is missing is said";
      }
      last = line.sequence();
    }
  }
  writer.join();
  EXPECT_THAT(*reader.Next(), IsEmpty());
}

TEST_F(JobLogsTest, WakesWhoWatches) {
  int woken = 0;
  const auto token = logs_->watchers().Watch("jobs/7", [&] { ++woken; });
  Write("a");
  logs_->Append("jobs/8", {NewLogLine(v1::INFO, "x")});
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace tomoslab
