#include "server/beats.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace tomoslab {

void Beats::Begin(const std::string& lease, int ranks, Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  leases_[lease].last.assign(std::max(1, ranks), now);
}

void Beats::End(const std::string& lease) {
  const std::lock_guard<std::mutex> lock(mutex_);
  leases_.erase(lease);
}

absl::Status Beats::Note(const v1::BeatRequest& beat, Clock::time_point now) {
  const int rank = beat.rank();
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = leases_.find(beat.lease());
  if (it == leases_.end()) return absl::AbortedError("the lease has ended");
  Ranks& ranks = it->second;
  if (rank < 0 || rank >= static_cast<int>(ranks.last.size())) {
    return absl::OutOfRangeError(
        absl::StrFormat("rank %d is none of the pool's %d", rank, ranks.last.size()));
  }
  if (!ranks.watched) std::fill(ranks.last.begin(), ranks.last.end(), now);
  ranks.watched = true;
  ranks.last[rank] = std::max(ranks.last[rank], now);
  if (beat.has_usage()) {
    ranks.usage[rank] = beat.usage();
    ranks.usage[rank].set_rank(rank);
  }
  return absl::OkStatus();
}

std::vector<v1::RankUsage> Beats::Usage(const std::string& lease) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<v1::RankUsage> usage;
  const auto it = leases_.find(lease);
  if (it == leases_.end()) return usage;
  for (const auto& [rank, of_rank] : it->second.usage) usage.push_back(of_rank);
  return usage;
}

std::vector<Beats::Silence> Beats::Silent(Clock::time_point now, Clock::duration limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool first = last_look_ == Clock::time_point{};
  const Clock::duration apart = first ? Clock::duration{} : now - last_look_;
  last_look_ = now;
  std::vector<Silence> silent;
  for (auto& [lease, ranks] : leases_) {
    for (Clock::time_point& last : ranks.last) {
      if (apart > std::chrono::seconds(1)) last = std::min(now, last + apart);
    }
    const auto oldest = std::min_element(ranks.last.begin(), ranks.last.end());
    const Clock::duration time = now - *oldest;
    if (time > (ranks.watched ? limit : 2 * limit))
      silent.push_back({lease, static_cast<int>(oldest - ranks.last.begin()), time});
  }
  return silent;
}

}  // namespace tomoslab
