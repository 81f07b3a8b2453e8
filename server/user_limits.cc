#include "server/user_limits.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/strings/str_format.h"
#include "proto/grpc_status.h"

namespace tomoslab {
namespace {

constexpr double kBurstSeconds = 10;
constexpr std::size_t kManyAccounts = 10'000;
constexpr std::chrono::milliseconds kStreamRetry{2000};

absl::Status Exhausted(const std::string& text, std::chrono::milliseconds retry) {
  absl::Status status = absl::ResourceExhaustedError(text);
  SetRetryDelay(retry, &status);
  return status;
}

}  // namespace

absl::Status UserLimits::CountCall(const std::string& user, Clock::time_point now) {
  if (limits_.calls_per_second <= 0) return absl::OkStatus();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (accounts_.size() > kManyAccounts) ForgetIdleUsers(now);
  Account& account = accounts_[user];
  const std::chrono::duration<double> passed = now - account.last;
  account.calls = std::max(0.0, account.calls - limits_.calls_per_second * passed.count());
  account.last = now;
  const double most = std::max(1.0, kBurstSeconds * limits_.calls_per_second);
  if (account.calls + 1 <= most) {
    ++account.calls;
    return absl::OkStatus();
  }
  const double seconds = (account.calls + 1 - most) / limits_.calls_per_second;
  return Exhausted(
      absl::StrFormat("%s makes more than %g calls a second; wait between calls, or watch "
                      "instead of asking again and again",
                      user, limits_.calls_per_second),
      std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(1000 * seconds))));
}

absl::StatusOr<std::shared_ptr<void>> UserLimits::TakeStream(const std::string& user,
                                                             StreamKind kind) {
  const bool watcher = kind == StreamKind::kWatcher;
  const int most = watcher ? limits_.watchers : limits_.streams;
  const std::lock_guard<std::mutex> lock(mutex_);
  Account& account = accounts_[user];
  int& count = watcher ? account.watchers : account.streams;
  if (most > 0 && count >= most) {
    return Exhausted(
        absl::StrFormat("%s has %d %s open, and may have no more at once; end some of them", user,
                        count, watcher ? "watches" : "uploads and downloads"),
        kStreamRetry);
  }
  ++count;
  return std::shared_ptr<void>(nullptr, [this, user, watcher](void*) {
    const std::lock_guard<std::mutex> guard(mutex_);
    Account& mine = accounts_[user];
    --(watcher ? mine.watchers : mine.streams);
  });
}

void UserLimits::ForgetIdleUsers(Clock::time_point now) {
  std::erase_if(accounts_, [&](const auto& entry) {
    const Account& account = entry.second;
    return account.watchers == 0 && account.streams == 0 &&
           now - account.last > std::chrono::duration<double>(kBurstSeconds);
  });
}

}  // namespace tomoslab
