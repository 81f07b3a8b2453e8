// How many event streams may be open: of everybody together, and of each user.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"

namespace tomoslab {

/// Thread-safe; must outlive the places it gave.
class StreamPlaces {
 public:
  /// per_user 0 = no limit but the total.
  StreamPlaces(int total, int per_user) : total_(total), per_user_(per_user) {}

  /// Free again when the token is destroyed. ResourceExhausted (one's own) or Unavailable
  /// (everybody's), with the time after which to try again.
  absl::StatusOr<std::shared_ptr<void>> Take(const std::string& user);

 private:
  const int total_, per_user_;
  std::mutex mutex_;
  int taken_ = 0;
  std::map<std::string, int> by_user_;
};

}  // namespace tomoslab
