// How much one user may ask of the server at once. No gRPC.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tomoslab {

/// Of each user; 0 = no limit.
struct Limits {
  double calls_per_second = 100;  // on average; bursts of ten seconds' worth
  int watchers = 100;             // streams of events at once
  int streams = 32;               // uploads and downloads at once
  int queued_jobs = 1000;
  std::int64_t quota_bytes = 0;  // of scans, volumes, checkpoints and previews
  // A stream on which nothing moves for so long, though it should, is cut; and one whose reader
  // is so far behind this rate (reader_pace.h; 0 = any will do).
  std::chrono::seconds idle{300};
  double least_bytes_per_second = 32 << 10;
};

enum class StreamKind { kWatcher, kData };

/// Thread-safe. Errors are ResourceExhausted with the time after which to try again
/// (SetRetryDelay).
class UserLimits {
 public:
  using Clock = std::chrono::steady_clock;
  explicit UserLimits(const Limits& limits) : limits_(limits) {}

  absl::Status CountCall(const std::string& user, Clock::time_point now);
  /// The place is free again when the token is destroyed.
  absl::StatusOr<std::shared_ptr<void>> TakeStream(const std::string& user, StreamKind kind);

  const Limits& limits() const { return limits_; }

 private:
  struct Account {
    double calls = 0;  // that are still counted
    Clock::time_point last{};
    int watchers = 0, streams = 0;
  };
  void ForgetIdleUsers(Clock::time_point now);

  const Limits limits_;
  std::mutex mutex_;
  std::map<std::string, Account> accounts_;
};

}  // namespace tomoslab
