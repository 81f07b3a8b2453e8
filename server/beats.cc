#include "server/beats.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace tomoslab {

void Beats::Begin(const std::string& lease, int ranks) {
  const std::lock_guard<std::mutex> lock(mutex_);
  leases_[lease].last.resize(std::max(1, ranks));
}

void Beats::End(const std::string& lease) {
  const std::lock_guard<std::mutex> lock(mutex_);
  leases_.erase(lease);
}

absl::Status Beats::Note(const std::string& lease, int rank, Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = leases_.find(lease);
  if (it == leases_.end()) return absl::AbortedError("the lease has ended");
  Ranks& ranks = it->second;
  if (rank < 0 || rank >= static_cast<int>(ranks.last.size())) {
    return absl::OutOfRangeError(
        absl::StrFormat("rank %d is none of the pool's %d", rank, ranks.last.size()));
  }
  if (!ranks.watched) std::fill(ranks.last.begin(), ranks.last.end(), now);
  ranks.watched = true;
  ranks.last[rank] = std::max(ranks.last[rank], now);
  return absl::OkStatus();
}

std::vector<Beats::Silence> Beats::Silent(Clock::time_point now, Clock::duration limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool first = last_look_ == Clock::time_point{};
  const Clock::duration apart = first ? Clock::duration{} : now - last_look_;
  last_look_ = now;
  std::vector<Silence> silent;
  for (auto& [lease, ranks] : leases_) {
    if (!ranks.watched) continue;
    for (Clock::time_point& last : ranks.last) {
      if (apart > std::chrono::seconds(1)) last = std::min(now, last + apart);
    }
    const auto oldest = std::min_element(ranks.last.begin(), ranks.last.end());
    if (now - *oldest > limit)
      silent.push_back({lease, static_cast<int>(oldest - ranks.last.begin())});
  }
  return silent;
}

}  // namespace tomoslab
