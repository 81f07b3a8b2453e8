// Ends a rank that waits in vain for the others to start.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace tomoslab {

/// MPI_Init waits for all ranks for ever: one that hangs, or whose death mpirun missed, would leave
/// a pool that neither works nor ends. Ends this process, and with it the pool, unless it is
/// destroyed within `limit`; whoever launched the pool starts it again.
class StartWatch {
 public:
  explicit StartWatch(std::chrono::seconds limit);
  ~StartWatch();
  StartWatch(const StartWatch&) = delete;
  StartWatch& operator=(const StartWatch&) = delete;

 private:
  void Wait(std::chrono::seconds limit);

  std::mutex mutex_;
  std::condition_variable started_;
  bool has_started_ = false;
  std::thread thread_;
};

}  // namespace tomoslab
