#include "server/job.h"

#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

void EnterState(v1::JobState state, const google::protobuf::Timestamp& now, v1::Job* job) {
  if (state == v1::LOADING) {
    if (!job->has_start_time()) *job->mutable_start_time() = now;
    job->clear_last_iteration();  // of an earlier attempt
    job->clear_materials();
  }
  if (IsOver(state)) *job->mutable_end_time() = now;
  job->set_state(state);
}

}  // namespace

bool IsOver(v1::JobState state) {
  return state == v1::SUCCEEDED || state == v1::FAILED || state == v1::CANCELLED;
}

bool IsLeased(v1::JobState state) {
  return state == v1::LOADING || state == v1::RUNNING || state == v1::WRITING;
}

absl::Status CheckTransition(v1::JobState from, v1::JobState to) {
  const bool known = to > v1::JOB_STATE_UNSPECIFIED && to <= v1::CANCELLED;
  // A leased job only goes forward (it may skip a state), back to the queue, or ends; a queued one
  // is leased or ends.
  const bool forward = IsLeased(from) && (to >= from || to == v1::QUEUED);
  const bool leave_queue =
      from == v1::QUEUED && (to == v1::LOADING || to == v1::FAILED || to == v1::CANCELLED);
  const bool born = from == v1::JOB_STATE_UNSPECIFIED && to == v1::QUEUED;
  if (known && (forward || leave_queue || born)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "a job does not go from %s to %s", v1::JobState_Name(from), v1::JobState_Name(to)));
}

absl::Status ApplyEvent(const google::protobuf::Timestamp& now, v1::JobEvent* event, v1::Job* job) {
  if (event->has_state_change()) {
    const v1::StateChange& change = event->state_change();
    TOMOSLAB_RETURN_IF_ERROR(CheckTransition(job->state(), change.state()));
    EnterState(change.state(), now, job);
    job->set_status_message(change.reason());
  }
  if (event->has_iteration()) *job->mutable_last_iteration() = event->iteration();
  if (event->has_checkpoint()) *job->mutable_checkpoint() = event->checkpoint();
  if (event->has_materials()) *job->mutable_materials() = event->materials();
  job->set_last_event(job->last_event() + 1);
  event->set_sequence(job->last_event());
  *event->mutable_time() = now;
  return absl::OkStatus();
}

v1::JobEvent StateEvent(v1::JobState state, const std::string& reason) {
  v1::JobEvent event;
  event.mutable_state_change()->set_state(state);
  event.mutable_state_change()->set_reason(reason);
  return event;
}

v1::JobEvent LogEvent(v1::Severity severity, const std::string& text) {
  v1::JobEvent event;
  event.mutable_log()->set_severity(severity);
  event.mutable_log()->set_text(text);
  event.mutable_log()->set_rank(-1);
  return event;
}

v1::JobEvent CheckpointEvent(const v1::CheckpointReport& report) {
  v1::JobEvent event;
  *event.mutable_checkpoint() = report;
  return event;
}

v1::JobEvent SlicesEvent(int begin, int end) {
  v1::JobEvent event;
  event.mutable_slices_ready()->set_begin(begin);
  event.mutable_slices_ready()->set_end(end);
  return event;
}

}  // namespace tomoslab
