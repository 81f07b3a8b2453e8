#include "server/log_feed.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/job.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// How long after a job's end its last line may come.
constexpr std::int64_t kLastLineSeconds = 2;

bool SaysEnd(const v1::LogLine& line) {
  const auto state = line.field().find("state");
  v1::JobState value = v1::JOB_STATE_UNSPECIFIED;
  return line.rank() < 0 && state != line.field().end() &&
         v1::JobState_Parse(state->second, &value) && IsOver(value);
}

bool EndedLately(const v1::Job& job) {
  using google::protobuf::util::TimeUtil;
  return TimeUtil::GetCurrentTime().seconds() - job.end_time().seconds() <= kLastLineSeconds;
}

}  // namespace

std::shared_ptr<void> LogFeed::Watch(std::function<void()> wake) {
  return stores_.logs->watchers().Watch(request_.job(), std::move(wake));
}

absl::Status LogFeed::Check() {
  TOMOSLAB_RETURN_IF_ERROR(visit_->Check(request_));
  if (request_.after_line() < 0 || request_.last_lines() < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("after_line = %d and last_lines = %d must not be negative",
                        request_.after_line(), request_.last_lines()));
  }
  TOMOSLAB_RETURN_IF_ERROR(stores_.jobs.Get(request_.job()).status());
  TOMOSLAB_ASSIGN_OR_RETURN(
      reader_, JobLogReader::Open(*stores_.logs, request_.job(), request_.after_line()));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::shared_ptr<const v1::LogLine>>> LogFeed::Next() {
  const int last = std::exchange(begun_, true) ? 0 : request_.last_lines();
  std::vector<std::shared_ptr<const v1::LogLine>> wanted;
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(std::vector<v1::LogLine> lines, reader_->Next());
    if (lines.empty()) return wanted;
    for (v1::LogLine& line : lines) {
      seen_end_ = seen_end_ || SaysEnd(line);
      if (line.severity() < request_.least_severity()) continue;
      wanted.push_back(std::make_shared<const v1::LogLine>(std::move(line)));
    }
    if (last == 0 && !wanted.empty()) return wanted;
    if (last > 0 && wanted.size() > static_cast<std::size_t>(last))
      wanted.erase(wanted.begin(), wanted.end() - last);
  }
}

std::optional<absl::Status> LogFeed::End() {
  if (!request_.follow()) return absl::OkStatus();
  const absl::StatusOr<v1::Job> job = stores_.jobs.Get(request_.job());
  if (!job.ok()) return job.status();
  // The line that says so comes a moment after the job's end; unless the disk is full.
  if (IsOver(job->state()) && (seen_end_ || !EndedLately(*job) || looks_after_end_++ > 0))
    return absl::OkStatus();
  if (dispatcher_.draining())
    return absl::UnavailableError("the server is shutting down; read on from here");
  return std::nullopt;
}

}  // namespace tomoslab
