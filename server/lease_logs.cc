#include "server/lease_logs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/log_line.h"
#include "worker/core/status.h"

namespace tomoslab {

void LeaseLogs::Begin(const std::string& lease, const v1::Job& job, int ranks,
                      Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Forget(now);
  Lease& begun = leases_[lease];
  begun.job = job.name();
  begun.attempt = job.attempts();
  begun.ranks = std::max(1, ranks);
  begun.refilled = now;
}

void LeaseLogs::End(const std::string& lease, Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = leases_.find(lease);
  if (it == leases_.end()) return;
  it->second.ended = true;
  it->second.end = now;
}

void LeaseLogs::Forget(Clock::time_point now) {
  std::erase_if(leases_, [now](const auto& entry) {
    return entry.second.ended && now - entry.second.end > kAfterEnd;
  });
}

absl::StatusOr<LeaseLogs::Lease*> LeaseLogs::Find(const v1::ReportLogRequest& request,
                                                  Clock::time_point now) {
  Forget(now);
  const auto it = leases_.find(request.lease());
  if (it == leases_.end()) return absl::AbortedError("the lease has ended");
  if (request.rank() < 0 || request.rank() >= it->second.ranks) {
    return absl::InvalidArgumentError(
        absl::StrFormat("rank %d is none of the pool's %d", request.rank(), it->second.ranks));
  }
  if (request.line_size() > kMostReportedLines) {
    return absl::InvalidArgumentError(absl::StrFormat("a report of %d lines has more than %d",
                                                      request.line_size(), kMostReportedLines));
  }
  return &it->second;
}

std::vector<v1::LogLine> LeaseLogs::Take(const v1::ReportLogRequest& request, Lease& lease,
                                         Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - lease.refilled).count();
  lease.refilled = now;
  lease.budget =
      std::min(kLeaseLogBurst, lease.budget + std::max(0.0, seconds) * kLeaseLogBytesPerSecond);
  std::vector<v1::LogLine> taken;
  for (const v1::LogLine& reported : request.line()) {
    v1::LogLine line = BoundedLine(reported);
    line.set_rank(request.rank());
    line.set_attempt(lease.attempt);
    const auto bytes = static_cast<double>(line.ByteSizeLong());
    if (lease.budget < bytes) {
      ++lease.dropped;
      continue;
    }
    lease.budget -= bytes;
    if (const std::int64_t dropped = std::exchange(lease.dropped, 0); dropped > 0) {
      taken.push_back(NewLogLine(
          v1::WARNING,
          absl::StrFormat("%d lines of the ranks were dropped: they wrote too many", dropped)));
      taken.back().set_attempt(lease.attempt);
    }
    taken.push_back(std::move(line));
  }
  return taken;
}

absl::Status LeaseLogs::Report(const v1::ReportLogRequest& request, Clock::time_point now) {
  std::string job;
  std::vector<v1::LogLine> lines;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    TOMOSLAB_ASSIGN_OR_RETURN(Lease* const lease, Find(request, now));
    std::int64_t& last = lease->numbers[request.rank()];
    if (request.number() > 0 && request.number() <= last) return absl::OkStatus();  // repeated
    last = std::max(last, request.number());
    lines = Take(request, *lease, now);
    job = lease->job;
  }
  if (logs_ != nullptr) logs_->Append(job, lines, JobLogs::Missing::kIgnore);
  return absl::OkStatus();
}

}  // namespace tomoslab
