// The dispatcher's register of pools.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/dispatcher.h"

namespace tomoslab {
namespace {

constexpr int kMostRanks = 65536;

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
  if (request.pool().empty() || request.pool().size() > 100) {
    return absl::InvalidArgumentError("a pool's name has 1 .. 100 characters");
  }
  if (!std::all_of(request.pool().begin(), request.pool().end(),
                   [](unsigned char c) { return c > 0x20 && c < 0x7F; })) {
    return absl::InvalidArgumentError("a pool's name has no blanks and no characters beyond ASCII");
  }
  if (request.rank_size() > kMostRanks) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a pool of %d ranks is larger than %d", request.rank_size(), kMostRanks));
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (draining_) return absl::UnavailableError("the server is shutting down");
  if (pools_.count(request.pool()) > 0) {
    return absl::AlreadyExistsError(
        absl::StrFormat("a pool named \"%s\" is attached already", request.pool()));
  }
  pools_[request.pool()] = {request, std::move(link), "", token};
  spdlog::info("pool {}: attached with {} ranks", request.pool(), request.rank_size());
  return absl::OkStatus();
}

std::optional<std::string> Dispatcher::TokenOf(const std::string& lease) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = leases_.find(lease);
  if (it == leases_.end()) return std::nullopt;
  const auto pool = pools_.find(it->second.pool);
  return pool == pools_.end() ? "" : pool->second.token;
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
  }
  return pools;
}

std::vector<PoolOffer> Dispatcher::Offers() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<PoolOffer> offers;
  for (const auto& [name, pool] : pools_) offers.push_back({name, pool.Size()});
  return offers.empty() ? expected_ : offers;
}

std::vector<Dispatcher::Stuck> Dispatcher::StuckPools(Clock::time_point now,
                                                      Clock::duration silence,
                                                      Clock::duration cancel_grace) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Stuck> stuck;
  const auto seconds = [](Clock::duration d) {
    return std::chrono::duration_cast<std::chrono::seconds>(d).count();
  };
  for (const auto& [id, lease] : leases_) {
    const auto pool = pools_.find(lease.pool);
    if (pool == pools_.end()) continue;
    const std::string& instance = pool->second.request.instance();
    if (lease.cancel && now - lease.cancel_time > cancel_grace) {
      stuck.push_back({lease.pool, instance,
                       absl::StrFormat("the pool did not stop within %d s of the cancel",
                                       seconds(cancel_grace))});
    } else if (now - lease.last_sign > silence) {
      stuck.push_back({lease.pool, instance,
                       absl::StrFormat("the pool has been silent for %d s", seconds(silence))});
    }
  }
  return stuck;
}

}  // namespace tomoslab
