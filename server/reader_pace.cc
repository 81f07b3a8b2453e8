#include "server/reader_pace.h"

#include <algorithm>

namespace tomoslab {

void ReaderPace::Waits(Clock::time_point now, std::int64_t bytes) {
  behind_ = Behind(now);
  waits_since_ = now;
  bytes_ = bytes;
}

void ReaderPace::Took(Clock::time_point now) {
  if (!waits_since_.has_value()) return;
  const bool any_pace = least_bytes_per_second_ <= 0 || bytes_ == 0;
  const std::chrono::duration<double> allowed(
      any_pace ? 0.0 : static_cast<double>(bytes_) / least_bytes_per_second_);
  const Clock::duration waited = now - *waits_since_;
  behind_ = any_pace
                ? Clock::duration(0)
                : std::max(Clock::duration(0),
                           behind_ + waited - std::chrono::duration_cast<Clock::duration>(allowed));
  waits_since_.reset();
  took_ = now;
}

ReaderPace::Clock::duration ReaderPace::Behind(Clock::time_point now) const {
  if (waits_since_.has_value()) return behind_ + (now - *waits_since_);
  return std::max(Clock::duration(0), behind_ - (now - took_));
}

}  // namespace tomoslab
