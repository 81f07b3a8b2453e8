#include "server/dispatcher.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/attempt.h"
#include "server/job.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

void LogIfFailed(const absl::Status& status, const std::string& doing) {
  if (!status.ok()) spdlog::error("{}: {}", doing, std::string(status.message()));
}

/// Iterations may be lost with the power, everything else may not.
Durability DurabilityOf(const std::vector<v1::JobEvent>& events) {
  for (const v1::JobEvent& event : events) {
    if (!event.has_iteration()) return Durability::kNow;
  }
  return Durability::kSoon;
}

}  // namespace

absl::Status Dispatcher::Recover() {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<v1::Job> leased, stores_.jobs.Leased());
  for (const v1::Job& job : leased) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool cancel, stores_.jobs.CancelNoted(job.name()));
    std::vector<v1::JobEvent> events;
    if (cancel) {
      events = {StateEvent(v1::CANCELLED, "cancelled; the server was restarted meanwhile")};
    } else {
      events = {LogEvent(v1::WARNING, "the server was restarted; the job is queued again"),
                StateEvent(v1::QUEUED, "queued again: the server was restarted")};
    }
    TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job now,
                              stores_.jobs.Append(job.name(), std::move(events)));
    RemoveCheckpoints(now);
  }
  return absl::OkStatus();
}

void Dispatcher::Detach(const std::string& pool, const PoolLink* link, const std::string& why) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto it = pools_.find(pool);
    if (it == pools_.end() || it->second.link.get() != link) return;
    if (!it->second.lease.empty() && patience_.reattach.count() > 0 && !draining_) {
      spdlog::warn("pool {}: {}; waiting for it to attach again", pool, why);
      it->second.link.reset();
      it->second.cut = Clock::now();
      return;
    }
    Detached(pool, why);
  }
  Dispatch();
}

void Dispatcher::Detached(const std::string& pool, const std::string& why) {
  const auto node = pools_.extract(pool);
  const Pool& gone = node.mapped();
  spdlog::info("pool {}: detached: {}", pool, why);
  if (gone.lease.empty()) return;
  const auto lease = leases_.find(gone.lease);
  if (lease == leases_.end()) return;
  if (!gone.request.instance().empty()) {
    last_job_[gone.request.instance()] = lease->second.work.job.name();
  }
  LoseLease(gone.lease, why);
}

void Dispatcher::NoteExit(const std::string& instance, const std::string& how) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [name, pool] : pools_) {
      if (pool.request.instance() != instance) continue;
      if (pool.link != nullptr) pool.link->Break(absl::AbortedError(how));
      Detached(std::string(name), how);
      last_job_.erase(instance);  // its log says why already
      break;
    }
    if (const auto it = last_job_.find(instance); it != last_job_.end()) {
      absl::StatusOr<v1::Job> job = stores_.jobs.Get(it->second);
      if (job.ok() && !IsOver(job->state())) {
        LogIfFailed(stores_.jobs.Append(it->second, {LogEvent(v1::WARNING, how)}).status(),
                    "cannot log the end of a pool");
      }
      last_job_.erase(it);
    }
  }
  Dispatch();
}

absl::StatusOr<LeasedJob> Dispatcher::OpenStores(const v1::Job& job) {
  LeasedJob work{job, nullptr, nullptr, nullptr};
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Scan scan, stores_.scans.Get(job.spec().scan()));
  TOMOSLAB_ASSIGN_OR_RETURN(work.scan, stores_.scans.Use(job.spec().scan()));
  TOMOSLAB_ASSIGN_OR_RETURN(work.volume, stores_.volumes.Begin(job, scan));
  work.checkpoints = std::make_shared<CheckpointSession>(
      &stores_.checkpoints, job.name(), job.attempts(), ShapesOf(job.spec().volume(), scan));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<v1::Checkpoint> checkpoints,
                            stores_.checkpoints.List(job.name()));
  if (checkpoints.empty())  // previews of an earlier attempt
    TOMOSLAB_RETURN_IF_ERROR(stores_.previews.RemoveAll(job.name()));
  return work;
}

absl::StatusOr<v1::PoolCommand> Dispatcher::LeaseCommand(const std::string& id,
                                                         const v1::Job& job) {
  v1::PoolCommand command;
  v1::Lease& lease = *command.mutable_lease();
  TOMOSLAB_ASSIGN_OR_RETURN(*lease.mutable_scan(), stores_.scans.Get(job.spec().scan()));
  lease.mutable_scan()->clear_received();
  lease.set_id(id);
  lease.set_job(job.name());
  *lease.mutable_spec() = job.spec();
  lease.set_attempt(job.attempts());
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<v1::Checkpoint> checkpoints,
                            stores_.checkpoints.List(job.name()));
  for (const v1::Checkpoint& checkpoint : checkpoints) *lease.add_checkpoint() = checkpoint;
  return command;
}

bool Dispatcher::Prepare(const std::string& id) {
  v1::Job job;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const absl::StatusOr<Lease*> lease = LivingLease(id);
    if (!lease.ok()) return true;
    job = (*lease)->work.job;
  }
  absl::StatusOr<LeasedJob> work = OpenStores(job);
  const absl::StatusOr<v1::PoolCommand> command = LeaseCommand(id, job);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const absl::StatusOr<Lease*> lease = LivingLease(id);
    if (!lease.ok()) return true;  // the pool went away meanwhile
    if (work.ok() && command.ok()) {
      held_.erase(job.name());
      (*lease)->work = *std::move(work);
      const std::shared_ptr<PoolLink>& link = pools_[(*lease)->pool].link;
      if (link != nullptr) link->Send(*command);
      return true;
    }
    const std::string why(work.ok() ? command.status().message() : work.status().message());
    const bool cancel = (*lease)->cancel;
    EndLease(id);
    if (absl::IsUnavailable(work.ok() ? command.status() : work.status()) && !cancel) {
      Hold(job.name(), why);
    } else {
      AppendEnd(job.name(), {StateEvent(v1::FAILED, why)});
    }
  }
  return false;
}

absl::StatusOr<Dispatcher::Lease*> Dispatcher::LivingLease(const std::string& id) {
  const auto it = leases_.find(id);
  if (it != leases_.end()) return &it->second;
  return absl::AbortedError(absl::StrFormat(
      "lease \"%s\" has ended; drop the job and wait for the next", id.substr(0, 100)));
}

void Dispatcher::EndLease(const std::string& id) {
  const auto it = leases_.find(id);
  if (it == leases_.end()) return;
  if (it->second.work.volume != nullptr) it->second.work.volume->Close();
  if (it->second.work.checkpoints != nullptr) it->second.work.checkpoints->Close();
  beats_.End(id);
  lease_logs_.End(id, Clock::now());
  const auto pool = pools_.find(it->second.pool);
  if (pool != pools_.end() && pool->second.lease == id) {
    pool->second.lease.clear();
    if (pool->second.cut.has_value()) pools_.erase(pool);  // it attaches anew
  }
  leases_.erase(it);
  lease_ended_.notify_all();
}

void Dispatcher::LoseLease(const std::string& id, const std::string& why) {
  const auto it = leases_.find(id);
  if (it == leases_.end()) return;
  const std::string job = it->second.work.job.name();
  std::vector<v1::JobEvent> events =
      LostEvents(stores_.jobs, {it->second.work.job, it->second.cancel}, why);
  EndLease(id);
  AppendEnd(job, std::move(events));
}

absl::StatusOr<v1::Job> Dispatcher::AppendReport(const Lease& lease,
                                                 const v1::ReportRequest& request) {
  const v1::Job& job = lease.work.job;
  TOMOSLAB_ASSIGN_OR_RETURN(std::vector<v1::JobEvent> events,
                            ReportedEvents(stores_.jobs, {job, lease.cancel}, request));
  if (events.empty()) return stores_.jobs.Get(job.name());
  const Durability durability = DurabilityOf(events);
  return stores_.jobs.Append(job.name(), std::move(events), durability);
}

absl::StatusOr<v1::ReportResponse> Dispatcher::Report(const v1::ReportRequest& request) {
  v1::ReportResponse response;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    TOMOSLAB_ASSIGN_OR_RETURN(Lease* const lease, LivingLease(request.lease()));
    lease->last_sign = Clock::now();
    response.set_cancel(lease->cancel);
    response.set_drain(draining_);
    if (request.number() > 0 && request.number() <= lease->reports) return response;  // repeated
    TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, AppendReport(*lease, request));
    lease->reports = std::max(lease->reports, request.number());
    if (IsLeased(job.state())) return response;
    if (job.state() == v1::SUCCEEDED) {
      const int ranks = pools_[lease->pool].request.rank_size();
      LogIfFailed(stores_.volumes.RecordResult(job, ranks), job.name());
    }
    if (job.state() == v1::QUEUED && request.permanent()) pools_[lease->pool].leaving = true;
    EndLease(request.lease());
    RemoveCheckpoints(job);
  }
  Dispatch();
  return response;
}

absl::StatusOr<LeasedJob> Dispatcher::Find(const std::string& id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  TOMOSLAB_ASSIGN_OR_RETURN(Lease* const lease, LivingLease(id));
  if (lease->work.volume == nullptr) return absl::AbortedError("the lease has not begun");
  lease->last_sign = Clock::now();
  return lease->work;
}

absl::Status Dispatcher::Touch(const std::string& id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  TOMOSLAB_ASSIGN_OR_RETURN(Lease* const lease, LivingLease(id));
  lease->last_sign = Clock::now();
  return absl::OkStatus();
}

absl::Status Dispatcher::AddSlices(const std::string& id, const std::vector<IndexRange>& slices) {
  const std::lock_guard<std::mutex> lock(mutex_);
  TOMOSLAB_ASSIGN_OR_RETURN(Lease* const lease, LivingLease(id));
  lease->last_sign = Clock::now();
  if (slices.empty()) return absl::OkStatus();
  std::vector<v1::JobEvent> events;
  for (const IndexRange range : slices) {
    events.push_back(SlicesEvent(static_cast<int>(range.begin), static_cast<int>(range.end)));
  }
  return stores_.jobs.Append(lease->work.job.name(), std::move(events)).status();
}

absl::StatusOr<v1::Job> Dispatcher::Cancel(const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, stores_.jobs.Get(name));
  if (IsOver(job.state())) return job;
  for (auto& [id, lease] : leases_) {
    if (lease.work.job.name() != name) continue;
    if (lease.cancel) return job;
    TOMOSLAB_RETURN_IF_ERROR(stores_.jobs.NoteCancel(name));
    lease.cancel = true;
    lease.cancel_time = Clock::now();
    return stores_.jobs.Append(name, {LogEvent(v1::INFO, "cancel requested")});
  }
  const bool begun = job.attempts() > 0;
  TOMOSLAB_ASSIGN_OR_RETURN(
      v1::Job cancelled,
      stores_.jobs.Append(
          name, {StateEvent(v1::CANCELLED, begun ? "cancelled" : "cancelled before it started")}));
  RemoveCheckpoints(cancelled);
  look_again_ = true;  // others may be to start from it
  return cancelled;
}

void Dispatcher::Break(const std::string& pool, const std::string& why) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto it = pools_.find(pool);
    if (it == pools_.end()) return;
    if (it->second.link != nullptr) it->second.link->Break(absl::AbortedError(why));
    Detached(pool, why);
  }
  Dispatch();
}

void Dispatcher::Drain(Clock::duration patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  draining_ = true;
  lease_ended_.wait_for(lock, patience, [this] { return leases_.empty(); });
  while (!leases_.empty()) {
    const auto& [id, lease] = *leases_.begin();
    const std::string job = lease.work.job.name();
    std::vector<v1::JobEvent> events = {
        lease.cancel ? StateEvent(v1::CANCELLED, "cancelled")
                     : StateEvent(v1::QUEUED, "queued again: the server is shutting down")};
    LogIfFailed(stores_.jobs.Append(job, std::move(events)).status(), job);
    EndLease(std::string(id));
  }
  v1::PoolCommand command;
  command.set_drain(true);
  for (const auto& [name, pool] : pools_) {
    if (pool.link != nullptr) pool.link->Send(command);
  }
}

bool Dispatcher::draining() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return draining_;
}

}  // namespace tomoslab
