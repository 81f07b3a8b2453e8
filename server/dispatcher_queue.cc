// The dispatcher's way from queued jobs to leases.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/dispatcher.h"
#include "server/job.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// Unique for ever: attempts are counted in the database. Who was not given it cannot guess it.
std::string LeaseId(const v1::Job& job) {
  std::random_device random;
  return absl::StrFormat("%s/attempts/%d/%08x%08x%08x%08x", job.name(), job.attempts(), random(),
                         random(), random(), random());
}

void LogError(const v1::Job& job, const absl::Status& status) {
  spdlog::error("{}: {}", job.name(), std::string(status.message()));
}

}  // namespace

void Dispatcher::Dispatch() {
  QueuePlace place;
  while (true) {
    std::optional<std::vector<std::string>> begun;
    {
      // For a part of the queue only: reports and beats get in between.
      const std::lock_guard<std::mutex> lock(mutex_);
      begun = LeaseNext(&place);
    }
    if (!begun.has_value()) return;
    bool prepared = true;
    for (const std::string& lease : *begun) prepared = Prepare(lease) && prepared;
    if (!prepared) place = {};  // a pool is idle again
  }
}

void Dispatcher::DispatchNew(const std::string& name) {
  bool whole_queue = false;
  std::string lease;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    whole_queue = std::exchange(look_again_, false);
    std::vector<std::string> idle = IdlePools();
    if (draining_ || idle.empty()) return;
    if (!whole_queue) {
      const absl::StatusOr<v1::Job> job = stores_.jobs.Get(name);
      if (job.ok() && job->state() == v1::QUEUED) lease = LeaseTo(&idle, *job);
    }
  }
  if (whole_queue || (!lease.empty() && !Prepare(lease))) Dispatch();
}

std::vector<std::string> Dispatcher::IdlePools() const {
  std::vector<std::string> idle;
  for (const auto& [name, pool] : pools_) {
    if (pool.lease.empty() && pool.link != nullptr && !pool.leaving) idle.push_back(name);
  }
  return idle;
}

std::optional<std::vector<std::string>> Dispatcher::LeaseNext(QueuePlace* place) {
  std::vector<std::string> idle = IdlePools();
  if (idle.empty() || draining_) return std::nullopt;
  const absl::StatusOr<std::vector<v1::Job>> ready = stores_.jobs.ReadyAfter(place);
  if (!ready.ok()) {
    spdlog::error("cannot read the queue: {}", std::string(ready.status().message()));
    look_again_ = true;
    return std::nullopt;
  }
  if (ready->empty()) return std::nullopt;
  std::vector<std::string> begun;
  for (const v1::Job& job : *ready) {
    if (IsHeld(job.name())) continue;
    if (std::string lease = LeaseTo(&idle, job); !lease.empty()) begun.push_back(std::move(lease));
    if (idle.empty()) break;
  }
  return begun;
}

std::string Dispatcher::LeaseTo(std::vector<std::string>* idle, const v1::Job& job) {
  for (auto name = idle->begin(); name != idle->end(); ++name) {
    const absl::StatusOr<bool> suits = Suits(pools_[*name], job);
    if (!suits.ok()) LogError(job, suits.status());
    if (!suits.ok() || !*suits) continue;
    absl::StatusOr<std::string> lease = Begin(*name, job);
    idle->erase(name);
    if (lease.ok()) return *std::move(lease);
    LogError(job, lease.status());
    look_again_ = true;
    break;
  }
  return "";
}

absl::StatusOr<bool> Dispatcher::Suits(const Pool& pool, const v1::Job& job) {
  if (!job.spec().pool().empty() && job.spec().pool() != pool.request.pool()) return false;
  TOMOSLAB_ASSIGN_OR_RETURN(const JobQueue::Wait wait, stores_.queue.WaitOf(job));
  if (wait.hopeless) {
    TOMOSLAB_ASSIGN_OR_RETURN(
        const v1::Job failed,
        stores_.jobs.Append(job.name(), {StateEvent(v1::FAILED, wait.reason)}));
    RemoveCheckpoints(failed);
    look_again_ = true;  // others may be to start from it
    return false;
  }
  if (!wait.reason.empty()) return false;
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Scan scan, stores_.scans.Get(job.spec().scan()));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::JobPlan plan, PlanJob(job.spec(), scan, pool.Size()));
  return plan.fits();
}

absl::StatusOr<std::string> Dispatcher::Begin(const std::string& pool_name, const v1::Job& job) {
  const int attempt = job.attempts() + 1;
  const std::string reason = attempt == 1
                                 ? absl::StrCat("on pool ", pool_name)
                                 : absl::StrFormat("on pool %s, attempt %d", pool_name, attempt);
  TOMOSLAB_ASSIGN_OR_RETURN(v1::Job begun,
                            stores_.jobs.Append(job.name(), {StateEvent(v1::LOADING, reason)},
                                                Durability::kNow, pool_name));
  const std::string id = LeaseId(begun);
  pools_[pool_name].lease = id;
  const int ranks = pools_[pool_name].request.rank_size();
  lease_logs_.Begin(id, begun, ranks, Clock::now());
  beats_.Begin(id, ranks, Clock::now());
  leases_[id] = {pool_name, {std::move(begun), nullptr, nullptr, nullptr}, Clock::now(), false, {},
                 0};
  return id;
}

}  // namespace tomoslab
