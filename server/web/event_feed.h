// A job's events as server-sent events, made once for all pages that follow it: a page costs what
// its copy of the bytes costs. They come as gRPC's watchers get them: the newest from memory.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/job_table.h"
#include "server/web/bounded_cache.h"

namespace tomoslab {

/// Thread-safe. Does not ask who reads: its callers have.
class EventFeed {
 public:
  explicit EventFeed(JobTable& jobs);

  /// Events in order, each with its sequence as id, as text to send.
  struct Batch {
    std::string text;       // empty: there are none yet
    std::int64_t last = 0;  // the sequence of the last one
    bool state_changed = false;
  };
  /// Those after `after`, a bounded number of them.
  absl::StatusOr<Batch> After(const std::string& job, std::int64_t after);
  /// There is nothing to come after `last`.
  absl::StatusOr<bool> IsOver(const std::string& job, std::int64_t last);

  /// A job whose changes somebody waits for.
  class Topic;
  std::shared_ptr<Topic> Follow(const std::string& job);
  /// Returns when the topic has changed more than `seen` times, after the time, or at the end.
  void Wait(Topic& topic, std::int64_t seen, std::chrono::milliseconds most);
  static std::int64_t Changes(Topic& topic);

  /// Wakes everybody; nobody waits from now on.
  void Stop();
  bool stopping() const;

 private:
  struct Frame {
    std::string text;
    bool state_change = false;
  };
  using Key = std::pair<std::string, std::int64_t>;
  /// What is kept of `after`, `after` + 1, …
  Batch Kept(const std::string& job, std::int64_t after) const;
  void Keep(const std::string& job, const v1::JobEvent& event);

  JobTable& jobs_;
  std::mutex loading_;  // one thread makes the text, the others find what it has made
  mutable std::mutex mutex_;
  bool stopping_ = false;
  BoundedCache<Key, Frame> frames_;
  std::map<std::string, std::weak_ptr<Topic>> topics_;
};

}  // namespace tomoslab
