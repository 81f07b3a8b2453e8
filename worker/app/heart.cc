#include "worker/app/heart.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

#include "worker/app/rank_info.h"

namespace tomoslab {
namespace {

constexpr std::chrono::milliseconds kBetweenBeats{2000}, kAfterFailure{500};
constexpr std::chrono::seconds kLongestWait{60};

}  // namespace

Heart::Heart(PoolClient* client, std::string lease, int rank)
    : client_(client), lease_(std::move(lease)), rank_(rank), thread_([this] { Run(); }) {}

Heart::~Heart() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

void Heart::Run() {
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> ended;  // the lease, without this rank's noticing
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    const absl::Status beat = client_->Beat(lease_, UsageOf(rank_, device_bytes_));
    if (absl::IsAborted(beat) && !ended) ended = Clock::now();
    if (ended && Clock::now() - *ended > kLongestWait) {
      spdlog::error(
          "the lease ended {} s ago and the ranks still wait for each other: ending this pool",
          kLongestWait.count());
      std::_Exit(EXIT_FAILURE);
    }
    lock.lock();
    stopped_.wait_for(lock, beat.ok() ? kBetweenBeats : kAfterFailure, [this] { return stop_; });
  }
}

}  // namespace tomoslab
