// Threads for everything that may wait for a disk. gRPC's own threads are few and must never wait.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tomoslab {

class Executor {
 public:
  using Task = std::function<void()>;

  explicit Executor(int threads);
  /// Runs what was posted, then ends the threads.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Tasks start in order; they may run at the same time.
  void Post(Task task);

 private:
  void Work();
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tomoslab
