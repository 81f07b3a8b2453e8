// The dispatcher while the server's disk fails: nothing is forgotten, and nothing is tried all the
// time.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/dispatcher.h"
#include "server/job.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::chrono::seconds kFirstPause{2}, kLongestPause{300};

/// Nothing that trying again can change: the job is gone, or over.
bool IsPointless(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsFailedPrecondition(status);
}

}  // namespace

void Dispatcher::AppendEnd(const std::string& job, std::vector<v1::JobEvent> events) {
  const absl::StatusOr<v1::Job> now = stores_.jobs.Append(job, events);
  if (now.ok()) return RemoveCheckpoints(*now);
  spdlog::error("{}: {}", job, std::string(now.status().message()));
  if (!IsPointless(now.status())) owed_[job] = std::move(events);
}

bool Dispatcher::WriteOwed() {
  return std::erase_if(owed_, [this](const auto& owed) {
           const absl::StatusOr<v1::Job> now = stores_.jobs.Append(owed.first, owed.second);
           if (!now.ok()) return IsPointless(now.status());
           spdlog::info("{}: {} {}", owed.first, v1::JobState_Name(now->state()),
                        now->status_message());
           RemoveCheckpoints(*now);
           return true;
         }) > 0;
}

void Dispatcher::Hold(const std::string& job, const std::string& why) {
  Held& held = held_[job];
  held.pause = std::clamp<Clock::duration>(2 * held.pause, kFirstPause, kLongestPause);
  held.until = Clock::now() + held.pause;
  held.due = false;
  const std::string text =
      absl::StrFormat("queued again, to be tried in %d s: %s",
                      std::chrono::duration_cast<std::chrono::seconds>(held.pause).count(), why);
  spdlog::warn("{}: {}", job, text);
  AppendEnd(job, {LogEvent(v1::WARNING, text), StateEvent(v1::QUEUED, text)});
}

bool Dispatcher::IsHeld(const std::string& job) const {
  const auto it = held_.find(job);
  return it != held_.end() && !it->second.due;
}

void Dispatcher::GoOnAfterFailures(Clock::time_point now) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    bool news = WriteOwed();
    for (auto& [job, held] : held_) {
      news = news || (!held.due && now >= held.until);
      held.due = held.due || now >= held.until;
    }
    std::erase_if(held_, [&](const auto& entry) {  // of jobs that went to no pool for long
      return now >= entry.second.until + 2 * kLongestPause;
    });
    if (!news) return;
  }
  Dispatch();
}

}  // namespace tomoslab
