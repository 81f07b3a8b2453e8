// The newest events of jobs, in memory: many watchers of a job that runs ask for the same ones at
// the same moment, and the database would answer one after the other.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tomoslab/v1/job.pb.h"

namespace tomoslab {

/// In order; shared by all who send them.
using SharedEvents = std::vector<std::shared_ptr<const v1::JobEvent>>;

/// How far a job is.
struct JobProgress {
  v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
  std::int64_t last_event = 0;
};

/// Thread-safe; never waits for a disk. Memory: kMostJobs times about kMostBytes.
class EventTail {
 public:
  static constexpr std::size_t kMostJobs = 32, kMostBytes = 128 << 10;

  /// Events that were committed, in order; what `job` is now. Calls about a job must come in the
  /// order of the commits.
  void Add(const v1::Job& job, const std::vector<v1::JobEvent>& events);
  void Forget(const std::string& job);

  /// Up to `most` events after `after`, none if there are none yet; nullopt: the database has to be
  /// asked.
  std::optional<SharedEvents> After(const std::string& job, std::int64_t after,
                                    std::size_t most) const;
  /// nullopt: the database has to be asked.
  std::optional<JobProgress> ProgressOf(const std::string& job) const;

 private:
  struct Tail {
    JobProgress progress;
    std::deque<std::shared_ptr<const v1::JobEvent>> events;  // to progress.last_event, no gaps
    std::size_t bytes = 0;
    std::int64_t turn = 0;  // of the last Add
  };
  void ForgetOldest();

  mutable std::mutex mutex_;
  std::map<std::string, Tail> tails_;
  std::int64_t turn_ = 0;
};

}  // namespace tomoslab
