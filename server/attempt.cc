#include "server/attempt.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/job.h"
#include "server/reported_event.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

bool IsAllowed(const v1::JobEvent& event) {
  // Slices and checkpoints are announced by the server, when they are on disk.
  if (event.has_checkpoint()) return event.checkpoint().kind() == v1::CheckpointReport::RESUMED;
  return event.has_iteration() || event.has_preview_ready() || event.has_log() ||
         event.has_pool() || event.has_materials() || event.has_state_change();
}

/// What the end of an attempt that the pool reports means for the job.
std::vector<v1::JobEvent> EndEvents(JobTable& jobs, const Attempt& attempt,
                                    const v1::ReportRequest& request, const v1::JobEvent& end) {
  const v1::StateChange& change = end.state_change();
  if (change.state() == v1::QUEUED)
    return {attempt.cancel ? StateEvent(v1::CANCELLED, "cancelled") : end};
  if (change.state() == v1::CANCELLED) {
    if (attempt.cancel) return {end};
    return LostEvents(jobs, attempt, "the pool stopped though nobody had cancelled the job");
  }
  if (change.state() == v1::FAILED) {
    if (request.permanent() && !attempt.cancel) return {end};
    return LostEvents(jobs, attempt, change.reason());
  }
  const absl::StatusOr<LineRanges> done = jobs.SlicesDone(attempt.job.name());
  const int slices = attempt.job.spec().volume().slices();
  if (done.ok() && done->Contains({0, slices})) return {end};
  return LostEvents(jobs, attempt,
                    absl::StrFormat("the pool reported success after %d of %d slices",
                                    done.ok() ? done->Count() : 0, slices));
}

}  // namespace

std::vector<v1::JobEvent> LostEvents(JobTable& jobs, const Attempt& attempt,
                                     const std::string& why) {
  if (attempt.cancel) return {StateEvent(v1::CANCELLED, "cancelled")};
  const absl::StatusOr<v1::Job> job = jobs.Get(attempt.job.name());
  const int iteration =
      job.ok() && job->has_last_iteration() ? job->last_iteration().iteration() : -1;
  // A loss that the disk does not take is not counted: the disk's fault is not the job's.
  const Losses losses = jobs.CountLoss(attempt.job.name(), iteration).value_or(Losses{});
  const std::string where =
      iteration < 0 ? "before the first iteration" : absl::StrFormat("at iteration %d", iteration);
  if (losses.same_iteration >= kMostFailuresAtOneIteration) {
    return {
        LogEvent(v1::ERROR, why),
        StateEvent(v1::FAILED,
                   absl::StrFormat("given up after %d failed attempts in a row %s; the last: %s",
                                   losses.same_iteration, where, why))};
  }
  if (losses.without_progress >= kMostFailures) {
    return {
        LogEvent(v1::ERROR, why),
        StateEvent(v1::FAILED, absl::StrFormat("given up after %d failed attempts in a row without "
                                               "progress, the last %s: %s",
                                               losses.without_progress, where, why))};
  }
  return {LogEvent(v1::WARNING, absl::StrFormat("attempt %d ended %s: %s; the job is queued again",
                                                attempt.job.attempts(), where, why)),
          StateEvent(v1::QUEUED, absl::StrCat("queued again: ", why))};
}

absl::StatusOr<std::vector<v1::JobEvent>> ReportedEvents(JobTable& jobs, const Attempt& attempt,
                                                         const v1::ReportRequest& request) {
  TOMOSLAB_RETURN_IF_ERROR(CheckReport(request, attempt.job));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, jobs.Get(attempt.job.name()));
  v1::JobState state = job.state();
  std::vector<v1::JobEvent> events;
  for (v1::JobEvent event : request.event()) {
    MakePlain(&event);
    if (!IsAllowed(event)) return absl::InvalidArgumentError("a pool does not report such events");
    if (event.has_state_change()) {
      const v1::JobState next = event.state_change().state();
      if (next == state) continue;
      state = next;
    }
    if (!IsOver(state) && state != v1::QUEUED) {
      events.push_back(event);
      if (event.has_pool()) events.back().mutable_pool()->set_pool(job.pool());
      continue;
    }
    for (v1::JobEvent& end : EndEvents(jobs, attempt, request, event)) {
      events.push_back(std::move(end));
    }
    break;
  }
  return events;
}

}  // namespace tomoslab
