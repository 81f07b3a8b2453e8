#include "worker/app/rank_log.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <atomic>

#include "proto/log_output.h"

namespace tomoslab {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// Takes reports, once `refuses` says OK.
class FakePool final : public v1::Pool::Service {
 public:
  grpc::Status ReportLog(grpc::ServerContext*, const v1::ReportLogRequest* request,
                         v1::ReportLogResponse*) override {
    ++calls;
    const auto code = static_cast<grpc::StatusCode>(refuses.load());
    if (code != grpc::StatusCode::OK) return grpc::Status(code, "not now");
    const std::lock_guard lock(mutex);
    reports.push_back(*request);
    return grpc::Status::OK;
  }
  std::vector<std::string> Texts() {
    const std::lock_guard lock(mutex);
    std::vector<std::string> texts;
    for (const v1::ReportLogRequest& report : reports) {
      for (const v1::LogLine& line : report.line()) texts.push_back(line.text());
    }
    return texts;
  }
  std::mutex mutex;
  std::vector<v1::ReportLogRequest> reports;
  std::atomic<int> refuses{0}, calls{0};
};

class RankLogTest : public testing::Test {
 protected:
  RankLogTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&pool_);
    server_ = builder.BuildAndStart();
    client_ = std::make_unique<PoolClient>(server_->InProcessChannel({}));
    LogToStderr(LogFormat::kText);
    lease_.set_id("lease");
    lease_.set_job("jobs/7");
    lease_.set_attempt(2);
  }
  ~RankLogTest() override { SetLogContext({}); }

  FakePool pool_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<PoolClient> client_;
  v1::Lease lease_;
};

TEST_F(RankLogTest, SendsWhatIsSaidDuringALease) {
  {
    RankLog log(client_.get(), 3);
    spdlog::info("before");
    log.Begin(lease_);
    spdlog::info("one");
    spdlog::warn("two\nthree");
    log.End();
    spdlog::info("after");
  }
  EXPECT_THAT(pool_.Texts(), ElementsAre("one", "two", "three"));
  EXPECT_EQ(pool_.reports[0].lease(), "lease");
  EXPECT_EQ(pool_.reports[0].rank(), 3);
  EXPECT_EQ(pool_.reports[0].line(1).severity(), v1::WARNING);
  EXPECT_FALSE(pool_.reports[0].line(0).host().empty());
}

TEST_F(RankLogTest, SendsAgainUnderTheSameNumberWhenTheServerIsBack) {
  pool_.refuses = grpc::StatusCode::UNAVAILABLE;
  {
    RankLog log(client_.get(), 0);
    log.Begin(lease_);
    spdlog::info("one");
    while (pool_.calls < 2) std::this_thread::sleep_for(milliseconds(5));
    spdlog::info("two");
    pool_.refuses = 0;
    log.Flush(milliseconds(5000));
  }
  EXPECT_THAT(pool_.Texts(), ElementsAre("one", "two"));
  ASSERT_THAT(pool_.reports, SizeIs(2));
  EXPECT_EQ(pool_.reports[0].number(), 1);
  EXPECT_EQ(pool_.reports[1].number(), 2);
}

TEST_F(RankLogTest, NobodyWaitsAndWhatIsTooMuchIsCounted) {
  pool_.refuses = grpc::StatusCode::UNAVAILABLE;
  RankLog log(client_.get(), 0);
  log.Begin(lease_);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 10000; ++i) spdlog::info("line {}", i);
  testing::internal::GetCapturedStderr();
  pool_.refuses = 0;
  log.Flush(milliseconds(20000));
  spdlog::info("again");
  log.Flush(milliseconds(20000));
  const std::vector<std::string> texts = pool_.Texts();
  ASSERT_GE(texts.size(), RankLog::kMostWaiting);
  EXPECT_LT(texts.size(), 10000U);
  EXPECT_EQ(texts.front(), "line 0");
  EXPECT_EQ(texts.back(), "again");
  EXPECT_THAT(texts[texts.size() - 2], HasSubstr(" lines of this rank were dropped"));
  for (const v1::ReportLogRequest& report : pool_.reports)
    EXPECT_LE(report.line_size(), static_cast<int>(RankLog::kMostInReport));
}

TEST_F(RankLogTest, LinesOfALeaseThatEndedAreGivenUp) {
  pool_.refuses = grpc::StatusCode::ABORTED;
  {
    RankLog log(client_.get(), 0);
    log.Begin(lease_);
    spdlog::info("lost");
    log.Flush(milliseconds(5000));
    pool_.refuses = 0;
    log.End();
    lease_.set_id("next");
    log.Begin(lease_);
    spdlog::info("kept");
  }
  EXPECT_THAT(pool_.Texts(), ElementsAre("kept"));
  EXPECT_EQ(pool_.reports[0].lease(), "next");
}

TEST_F(RankLogTest, EndsSoonWithoutAServer) {
  pool_.refuses = grpc::StatusCode::UNAVAILABLE;
  RankLog log(client_.get(), 0);
  log.Begin(lease_);
  spdlog::info("nobody hears this");
}

}  // namespace
}  // namespace tomoslab
