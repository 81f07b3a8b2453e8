// Whether a reader keeps up with a least rate. No threads, no clock of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace tomoslab {

/// A leaky bucket of time. While a message waits for the reader, time is counted against him; once
/// he has taken it, the time that it may take at the least rate is given back, and so is time in
/// which nothing waited for him. What is counted is how far he is behind: a reader who takes
/// nothing is behind by as long as he is waited for, one at half the least rate by half of that,
/// one at the least rate or above never by more than one message.
class ReaderPace {
 public:
  using Clock = std::chrono::steady_clock;

  /// 0: there is no least rate, and whoever takes a message is not behind.
  explicit ReaderPace(double least_bytes_per_second)
      : least_bytes_per_second_(least_bytes_per_second) {}

  /// A message of so many bytes waits for the reader. 0 bytes: unknown, and taking it is enough.
  void Waits(Clock::time_point now, std::int64_t bytes);
  /// He has taken it.
  void Took(Clock::time_point now);

  Clock::duration Behind(Clock::time_point now) const;

 private:
  const double least_bytes_per_second_;
  std::optional<Clock::time_point> waits_since_;
  std::int64_t bytes_ = 0;
  Clock::time_point took_{};
  Clock::duration behind_{0};  // when the last message was taken
};

}  // namespace tomoslab
