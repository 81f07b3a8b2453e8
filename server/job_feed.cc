#include "server/job_feed.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "server/job.h"
#include "worker/core/status.h"

namespace tomoslab {

std::shared_ptr<void> JobFeed::Watch(std::function<void()> wake) {
  return jobs_.watchers().Watch(request_.name(), std::move(wake));
}

absl::Status JobFeed::Check() { return visit_->Check(request_); }

absl::StatusOr<SharedEvents> JobFeed::Next() {
  TOMOSLAB_ASSIGN_OR_RETURN(SharedEvents events, jobs_.NextEvents(request_.name(), cursor_));
  if (!events.empty()) cursor_ = events.back()->sequence();
  return events;
}

std::optional<absl::Status> JobFeed::End() {
  const absl::StatusOr<JobProgress> job = jobs_.ProgressOf(request_.name());
  if (!job.ok()) return job.status();
  if (cursor_ < 0 || cursor_ > job->last_event) {
    return absl::InvalidArgumentError(
        absl::StrFormat("after_event = %d is outside 0 .. %d, the events %s has; 0 shows all",
                        cursor_, job->last_event, request_.name()));
  }
  if (cursor_ < job->last_event) return std::nullopt;
  if (IsOver(job->state)) return absl::OkStatus();
  if (dispatcher_.draining())
    return absl::UnavailableError("the server is shutting down; watch again from here");
  return std::nullopt;
}

}  // namespace tomoslab
