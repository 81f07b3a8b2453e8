#include "server/web/sight.h"

#include "absl/strings/str_cat.h"

namespace tomoslab {
namespace {

constexpr std::chrono::seconds kBelieved{2};
constexpr std::size_t kMostRemembered = 4096;

}  // namespace

absl::Status Sight::MaySee(const HttpRequest& request, const std::string& job) {
  const std::string key = absl::StrCat(AuthorizationOf(request), "\n", job);
  const Clock::time_point now = Clock::now();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto seen = seen_until_.find(key);
    if (seen != seen_until_.end() && now < seen->second) return absl::OkStatus();
  }
  v1::GetJobRequest wanted;
  wanted.set_name(job);
  const absl::Status status =
      Call<v1::Job>(*stub_, &v1::Reconstruction::Stub::GetJob, request, wanted).status();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (seen_until_.size() >= kMostRemembered) {
    std::erase_if(seen_until_, [&](const auto& entry) { return entry.second < now; });
  }
  if (status.ok() && seen_until_.size() < kMostRemembered) {
    seen_until_[key] = now + kBelieved;
  } else {
    seen_until_.erase(key);
  }
  return status;
}

}  // namespace tomoslab
