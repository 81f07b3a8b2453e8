#include "worker/app/rank_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/log_line.h"
#include "proto/log_output.h"
#include "worker/app/rank_info.h"

namespace tomoslab {
namespace {

constexpr std::chrono::milliseconds kGather{200}, kFirstPause{200}, kLongestPause{5000};

}  // namespace

RankLog::RankLog(PoolClient* client, int rank)
    : client_(client), rank_(rank), thread_([this] { Run(); }) {
  SetLogContext({"", 0, rank_, HostName()});
  HandOnLogLines([this](const v1::LogLine& line, const std::string&) { Take(line); });
}

RankLog::~RankLog() {
  HandOnLogLines(nullptr);
  Flush();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void RankLog::Begin(const v1::Lease& lease) {
  SetLogContext({lease.job(), lease.attempt(), rank_, HostName()});
  const std::lock_guard lock(mutex_);
  lease_ = lease.id();
  dropped_ = 0;
}

void RankLog::End() {
  SetLogContext({"", 0, rank_, HostName()});
  const std::lock_guard lock(mutex_);
  lease_.clear();
}

void RankLog::Take(const v1::LogLine& line) {
  const std::lock_guard lock(mutex_);
  if (lease_.empty()) return;
  if (waiting_.size() >= kMostWaiting) {
    ++dropped_;
    return;
  }
  if (const std::int64_t dropped = std::exchange(dropped_, 0); dropped > 0) {
    waiting_.push_back(
        {lease_, NewLogLine(v1::WARNING, absl::StrFormat("%d lines of this rank were dropped: "
                                                         "the server did not take them",
                                                         dropped))});
  }
  for (const v1::LogLine& one : SplitLines(line)) waiting_.push_back({lease_, BoundedLine(one)});
  changed_.notify_all();
}

v1::ReportLogRequest RankLog::NextReport() {
  v1::ReportLogRequest report;
  report.set_lease(waiting_.front().lease);
  report.set_rank(rank_);
  report.set_number(++reports_);
  std::size_t bytes = 0;
  while (!waiting_.empty() && waiting_.front().lease == report.lease() &&
         report.line_size() < static_cast<int>(kMostInReport) && bytes < (std::size_t{1} << 20)) {
    bytes += waiting_.front().line.ByteSizeLong();
    *report.add_line() = std::move(waiting_.front().line);
    waiting_.pop_front();
  }
  return report;
}

void RankLog::Drop(const std::string& lease) {
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.lease == lease; });
}

void RankLog::Run() {
  std::unique_lock lock(mutex_);
  std::chrono::milliseconds pause = kFirstPause;
  v1::ReportLogRequest report;
  while (true) {
    if (report.line().empty()) {
      changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
      if (stop_) return;
      changed_.wait_for(lock, kGather, [this] { return stop_ || hurry_; });
      if (waiting_.empty()) continue;
      report = NextReport();
    }
    sending_ = true;
    lock.unlock();
    const absl::Status sent = client_->ReportLog(report);
    lock.lock();
    const bool again = absl::IsUnavailable(sent) || absl::IsDeadlineExceeded(sent);
    if (!again) {
      if (!sent.ok()) Drop(report.lease());
      report.Clear();
      pause = kFirstPause;
      sending_ = false;
      changed_.notify_all();
      continue;
    }
    if (changed_.wait_for(lock, pause, [this] { return stop_; })) return;
    pause = std::min(2 * pause, kLongestPause);
  }
}

void RankLog::Flush(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  hurry_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, longest, [this] { return waiting_.empty() && !sending_; });
  hurry_ = false;
}

}  // namespace tomoslab
