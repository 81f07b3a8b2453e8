// The dispatcher's register of pools.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/dispatcher.h"
#include "server/reported_event.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::size_t kMostPools = 1000;

}  // namespace

PoolSize Dispatcher::Pool::Size() const {
  PoolSize size{std::max(1, request.rank_size()), request.memory_bytes_per_rank(), 0};
  // A pool with a rank on the CPU is planned as if all were: that takes the most of the host.
  const auto& ranks = request.rank();
  const auto smallest = std::min_element(
      ranks.begin(), ranks.end(),
      [](const auto& a, const auto& b) { return a.device_limit_bytes() < b.device_limit_bytes(); });
  if (smallest != ranks.end()) size.device_bytes_per_rank = smallest->device_limit_bytes();
  return size;
}

absl::Status Dispatcher::Attach(const v1::AttachRequest& request, std::shared_ptr<PoolLink> link,
                                const std::string& token) {
  TOMOSLAB_RETURN_IF_ERROR(CheckAttach(request));
  const std::lock_guard<std::mutex> lock(mutex_);
  if (draining_) return absl::UnavailableError("the server is shutting down");
  if (TakesUpLease(request, link, token)) return absl::OkStatus();
  if (pools_.count(request.pool()) > 0) {
    return absl::AlreadyExistsError(
        absl::StrFormat("a pool named \"%s\" is attached already", request.pool()));
  }
  if (pools_.size() >= kMostPools) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%d pools are attached, and there can be no more", kMostPools));
  }
  Pool& pool = pools_[request.pool()] = {request, std::move(link), "", token, std::nullopt, false};
  for (v1::RankReport& rank : *pool.request.mutable_rank()) MakePlain(&rank);
  spdlog::info("pool {}: attached with {} ranks", request.pool(), request.rank_size());
  return absl::OkStatus();
}

bool Dispatcher::TakesUpLease(const v1::AttachRequest& request, std::shared_ptr<PoolLink> link,
                              const std::string& token) {
  const auto it = pools_.find(request.pool());
  if (it == pools_.end() || !it->second.cut.has_value() || it->second.token != token) return false;
  Pool& pool = it->second;
  const bool same = !pool.lease.empty() && request.lease() == pool.lease &&
                    request.instance() == pool.request.instance() &&
                    request.rank_size() == pool.request.rank_size();
  if (!same) {
    Detached(request.pool(), "its connection broke, and a new pool of its name has attached");
    return false;
  }
  pool.link = std::move(link);
  pool.cut.reset();
  spdlog::info("pool {}: attached again and goes on with its job", request.pool());
  return true;
}

std::optional<std::string> Dispatcher::TokenOf(const std::string& lease) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = leases_.find(lease);
  if (it == leases_.end()) return std::nullopt;
  const auto pool = pools_.find(it->second.pool);
  return pool == pools_.end() ? "" : pool->second.token;
}

bool Dispatcher::Knows(const std::string& instance) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::any_of(pools_.begin(), pools_.end(),
                     [&](const auto& pool) { return pool.second.request.instance() == instance; });
}

std::vector<v1::PoolInfo> Dispatcher::Pools() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<v1::PoolInfo> pools;
  for (const auto& [name, pool] : pools_) {
    v1::PoolInfo& info = pools.emplace_back();
    info.set_name(name);
    info.set_ranks(pool.request.rank_size());
    *info.mutable_rank() = pool.request.rank();
    info.set_local(!pool.request.instance().empty());
    const auto lease = leases_.find(pool.lease);
    if (lease != leases_.end()) info.set_job(lease->second.work.job.name());
    for (v1::RankUsage& usage : beats_.Usage(pool.lease)) *info.add_usage() = std::move(usage);
  }
  return pools;
}

std::vector<PoolOffer> Dispatcher::Offers() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<PoolOffer> offers;
  for (const auto& [name, pool] : pools_) offers.push_back({name, pool.Size()});
  return offers.empty() ? expected_ : offers;
}

std::vector<Dispatcher::Stuck> Dispatcher::StuckPools(Clock::time_point now) {
  std::map<std::string, Beats::Silence> silences;
  for (Beats::Silence& silence : beats_.Silent(now, patience_.beat))
    silences.emplace(silence.lease, std::move(silence));
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Stuck> stuck;
  for (const auto& [id, lease] : leases_) {
    const auto pool = pools_.find(lease.pool);
    if (pool == pools_.end()) continue;
    const auto silence = silences.find(id);
    const std::string why =
        WhyStuck(lease, pool->second, now, silence == silences.end() ? nullptr : &silence->second);
    if (!why.empty()) stuck.push_back({lease.pool, pool->second.request.instance(), why});
  }
  return stuck;
}

std::string Dispatcher::WhyStuck(const Lease& lease, const Pool& pool, Clock::time_point now,
                                 const Beats::Silence* silence) const {
  const auto seconds = [](Clock::duration d) {
    return std::chrono::duration_cast<std::chrono::seconds>(d).count();
  };
  if (silence != nullptr) {
    const std::string host = silence->rank < pool.request.rank_size()
                                 ? " on " + pool.request.rank(silence->rank).host()
                                 : "";
    return absl::StrFormat("rank %d%s gave no sign of life for %d s", silence->rank, host,
                           seconds(silence->time));
  }
  if (pool.cut.has_value() && now - *pool.cut > patience_.reattach) {
    return absl::StrFormat("the connection to its rank 0 broke, and did not come back within %d s",
                           seconds(patience_.reattach));
  }
  if (lease.cancel && now - lease.cancel_time > patience_.cancel_grace) {
    return absl::StrFormat("the pool did not stop within %d s of the cancel",
                           seconds(patience_.cancel_grace));
  }
  if (now - lease.last_sign > patience_.silence)
    return absl::StrFormat("the pool has been silent for %d s", seconds(patience_.silence));
  return "";
}

}  // namespace tomoslab
