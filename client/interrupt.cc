#include "client/interrupt.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "client/exit_code.h"

namespace tomoslab {
namespace {

std::mutex mutex;
std::condition_variable changed;
std::map<int, std::function<void()>> stops;  // guarded by mutex
int next_key = 0;                            // guarded by mutex
std::atomic<bool> interrupted{false};

void Tell() {
  const std::lock_guard lock(mutex);
  interrupted = true;
  for (const auto& [key, stop] : stops) stop();
  changed.notify_all();
}

}  // namespace

void NoticeInterrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int signal = 0;
    sigwait(&signals, &signal);
    Tell();
    sigwait(&signals, &signal);
    _exit(kExitInterrupted);
  }).detach();
}

bool Interrupted() { return interrupted; }

bool SleepUnlessInterrupted(double seconds) {
  std::unique_lock lock(mutex);
  return !changed.wait_for(lock, std::chrono::duration<double>(seconds),
                           [] { return interrupted.load(); });
}

OnInterrupt::OnInterrupt(std::function<void()> stop) {
  const std::lock_guard lock(mutex);
  key_ = next_key++;
  if (interrupted) stop();
  stops.emplace(key_, std::move(stop));
}

OnInterrupt::~OnInterrupt() {
  const std::lock_guard lock(mutex);
  stops.erase(key_);
}

}  // namespace tomoslab
