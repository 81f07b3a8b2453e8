// One job's states: which change is legal, and what an event changes. No storage, no threads, no
// gRPC.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/timestamp.pb.h"
#include "tomoslab/v1/job.pb.h"

namespace tomoslab {

/// How many attempts at a job may fail at the same iteration before it is given up, and how many
/// without coming further than those before.
inline constexpr int kMostFailuresAtOneIteration = 3, kMostFailures = 5;

/// SUCCEEDED, FAILED or CANCELLED: nothing changes any more.
bool IsOver(v1::JobState state);
/// LOADING, RUNNING or WRITING: a pool has it.
bool IsLeased(v1::JobState state);

/// FailedPrecondition: no job goes from `from` to `to`.
absl::Status CheckTransition(v1::JobState from, v1::JobState to);

/// Gives the event its place in the job's log (sequence, time) and applies it to the job: state,
/// message, times, last iteration. Fails as CheckTransition; then nothing has changed. slices_done
/// is the store's to count.
absl::Status ApplyEvent(const google::protobuf::Timestamp& now, v1::JobEvent* event, v1::Job* job);

v1::JobEvent StateEvent(v1::JobState state, const std::string& reason);
/// rank −1 = the server.
v1::JobEvent LogEvent(v1::Severity severity, const std::string& text);
v1::JobEvent CheckpointEvent(const v1::CheckpointReport& report);
v1::JobEvent SlicesEvent(int begin, int end);

}  // namespace tomoslab
