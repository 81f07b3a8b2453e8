#include "worker/app/start_watch.h"

#include <spdlog/spdlog.h>

#include <cstdlib>

namespace tomoslab {

StartWatch::StartWatch(std::chrono::seconds limit) : thread_([this, limit] { Wait(limit); }) {}

StartWatch::~StartWatch() {
  {
    const std::lock_guard lock(mutex_);
    has_started_ = true;
  }
  started_.notify_one();
  thread_.join();
}

void StartWatch::Wait(std::chrono::seconds limit) {
  std::unique_lock lock(mutex_);
  if (started_.wait_for(lock, limit, [this] { return has_started_; })) return;
  spdlog::error(
      "not all ranks of the pool have started within {} s; ending it, so that it is started again. "
      "Look whether every host can run the worker (ssh, its path, its libraries) and reach the "
      "others; --start-seconds gives them longer",
      limit.count());
  std::_Exit(EXIT_FAILURE);
}

}  // namespace tomoslab
