#include "server/web/stream_places.h"

#include <chrono>

#include "absl/strings/str_format.h"
#include "proto/grpc_status.h"

namespace tomoslab {
namespace {

constexpr std::chrono::seconds kTryAgain{10};

absl::Status Later(absl::Status status) {
  SetRetryDelay(kTryAgain, &status);
  return status;
}

}  // namespace

absl::StatusOr<std::shared_ptr<void>> StreamPlaces::Take(const std::string& user) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (taken_ >= total_) {
    return Later(absl::UnavailableError(
        absl::StrFormat("%d pages are open, as many as this server follows at once", taken_)));
  }
  int& of_user = by_user_[user];
  if (per_user_ > 0 && of_user >= per_user_) {
    return Later(absl::ResourceExhaustedError(absl::StrFormat(
        "%d of your pages are open, as many as one user may have; close some", of_user)));
  }
  ++of_user;
  ++taken_;
  return std::shared_ptr<void>(nullptr, [this, user](void*) {
    const std::lock_guard<std::mutex> leaving(mutex_);
    --taken_;
    if (--by_user_[user] == 0) by_user_.erase(user);
  });
}

}  // namespace tomoslab
