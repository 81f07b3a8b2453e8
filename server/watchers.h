// Who wants to know when a job's log grows.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tomoslab {

/// Calls watchers back, from the thread that appended the events: callbacks must be quick and must
/// not call into Watchers. Thread-safe.
class Watchers {
 public:
  using Callback = std::function<void()>;

  /// Calls `callback` after every change of `job` until the returned token is destroyed; a call
  /// that runs at that moment may still be finishing.
  std::shared_ptr<void> Watch(const std::string& job, Callback callback);
  void Notify(const std::string& job);
  /// Wakes everybody once more, e.g. because the server drains.
  void NotifyAll();
  std::size_t Count() const;

 private:
  std::vector<std::shared_ptr<Callback>> Living(const std::string& job);
  mutable std::mutex mutex_;
  std::multimap<std::string, std::weak_ptr<Callback>> callbacks_;
};

}  // namespace tomoslab
