#include "client/retry.h"

#include <algorithm>

#include "client/interrupt.h"

namespace tomoslab {

Backoff::Backoff(const RetryPolicy& policy) : policy_(policy) { Progressed(); }

void Backoff::Progressed() {
  wait_seconds_ = policy_.first_wait_seconds;
  last_progress_ = Clock::now();
}

bool Backoff::WaitAgain(const absl::Status& failure) {
  const std::chrono::duration<double> asked =
      RetryDelay(failure).value_or(std::chrono::milliseconds(0));
  wait_seconds_ = std::max(wait_seconds_, asked.count());
  const std::chrono::duration<double> stuck = Clock::now() - last_progress_;
  if (stuck.count() + wait_seconds_ > policy_.give_up_after_seconds) return false;
  if (!SleepUnlessInterrupted(wait_seconds_)) return false;
  wait_seconds_ = std::min(2 * wait_seconds_, policy_.longest_wait_seconds);
  return true;
}

}  // namespace tomoslab
