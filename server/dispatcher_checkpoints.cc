// The dispatcher's share in checkpoints: what counts, what is damaged, what is over.
#include <spdlog/spdlog.h>

#include "absl/strings/str_format.h"
#include "server/dispatcher.h"
#include "server/job.h"
#include "worker/core/status.h"

namespace tomoslab {

absl::Status Dispatcher::AddCheckpoint(const std::string& id, const v1::CheckpointReport& report) {
  const std::lock_guard<std::mutex> lock(mutex_);
  TOMOSLAB_ASSIGN_OR_RETURN(Lease* const lease, LivingLease(id));
  lease->last_sign = Clock::now();
  return stores_.jobs.Append(lease->work.job.name(), {CheckpointEvent(report)}).status();
}

void Dispatcher::NoteDamage(const std::string& job, const std::string& checkpoint,
                            const std::string& how) {
  const absl::StatusOr<bool> dropped = stores_.checkpoints.Forget(job, checkpoint);
  if (!dropped.ok()) spdlog::error("{}: {}", job, std::string(dropped.status().message()));
  if (!dropped.ok() || !*dropped) return;  // another rank was first
  const std::string text = absl::StrFormat(
      "%s cannot be used and was dropped: %s; the job goes on from the one before, if there is one",
      checkpoint, how);
  const absl::Status logged = stores_.jobs.Append(job, {LogEvent(v1::WARNING, text)}).status();
  if (!logged.ok()) spdlog::error("{}: {}", job, std::string(logged.message()));
}

void Dispatcher::RemoveCheckpoints(const v1::Job& job) {
  if (!IsOver(job.state())) return;
  const absl::Status removed = stores_.checkpoints.RemoveAll(job.name());
  if (!removed.ok()) spdlog::error("{}: {}", job.name(), std::string(removed.message()));
}

}  // namespace tomoslab
