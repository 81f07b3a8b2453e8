// When to try again, and how long to wait before.
#pragma once

#include <chrono>

#include "absl/status/status.h"
#include "proto/grpc_status.h"

namespace tomoslab {

struct RetryPolicy {
  double first_wait_seconds = 0.2;
  double longest_wait_seconds = 5;
  double give_up_after_seconds = 120;  // without any progress
};

/// The server cannot be reached, or asks to be called again.
inline bool IsTransient(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded || RetryDelay(status).has_value();
}

/// Waits that double from one failure to the next, until there is progress or the policy's patience
/// ends.
class Backoff {
 public:
  explicit Backoff(const RetryPolicy& policy);
  void Progressed();
  /// Waits, at least as long as the server asked for; false when it is time to give up, or the user
  /// interrupts.
  bool WaitAgain(const absl::Status& failure);

 private:
  using Clock = std::chrono::steady_clock;
  RetryPolicy policy_;
  double wait_seconds_;
  Clock::time_point last_progress_;
};

}  // namespace tomoslab
