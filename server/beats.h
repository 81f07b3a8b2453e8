// Signs of life of every rank that works on a lease.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tomoslab/v1/pool.pb.h"

namespace tomoslab {

/// A lock of its own, held for moments only: a beat never waits for a disk. Thread-safe.
class Beats {
 public:
  using Clock = std::chrono::steady_clock;

  /// A lease of so many ranks begins. Each of them is watched from the first beat of any; until
  /// then they have twice the time.
  void Begin(const std::string& lease, int ranks, Clock::time_point now);
  void End(const std::string& lease);

  /// Aborted: the lease has ended. OutOfRange: it has no such rank.
  absl::Status Note(const v1::BeatRequest& beat, Clock::time_point now);

  /// What the ranks said last that they take; of those that did.
  std::vector<v1::RankUsage> Usage(const std::string& lease) const;

  struct Silence {
    std::string lease;
    int rank;
    Clock::duration time;
  };
  /// The rank of each lease that has been silent longest, where that is more than `limit`. Call it
  /// again and again: where the calls themselves are more than a second apart this program was
  /// stopped, and the ranks are given that time.
  std::vector<Silence> Silent(Clock::time_point now, Clock::duration limit);

 private:
  struct Ranks {
    bool watched = false;
    std::vector<Clock::time_point> last;
    std::map<int, v1::RankUsage> usage;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Ranks> leases_;
  Clock::time_point last_look_{};
};

}  // namespace tomoslab
