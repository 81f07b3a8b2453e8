#include "server/event_tail.h"

#include <algorithm>

namespace tomoslab {

void EventTail::Add(const v1::Job& job, const std::vector<v1::JobEvent>& events) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Tail& tail = tails_[job.name()];
  tail.turn = ++turn_;
  for (const v1::JobEvent& event : events) {
    tail.bytes += event.ByteSizeLong();
    tail.events.push_back(std::make_shared<const v1::JobEvent>(event));
  }
  tail.progress = {job.state(), job.last_event()};
  while (tail.bytes > kMostBytes && tail.events.size() > 1) {
    tail.bytes -= tail.events.front()->ByteSizeLong();
    tail.events.pop_front();
  }
  ForgetOldest();
}

void EventTail::ForgetOldest() {
  if (tails_.size() <= kMostJobs) return;
  tails_.erase(std::min_element(tails_.begin(), tails_.end(), [](const auto& a, const auto& b) {
    return a.second.turn < b.second.turn;
  }));
}

void EventTail::Forget(const std::string& job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  tails_.erase(job);
}

std::optional<SharedEvents> EventTail::After(const std::string& job, std::int64_t after,
                                             std::size_t most) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = tails_.find(job);
  if (it == tails_.end()) return std::nullopt;
  const Tail& tail = it->second;
  const std::int64_t known =
      tail.progress.last_event - static_cast<std::int64_t>(tail.events.size());
  if (after < known || after > tail.progress.last_event) return std::nullopt;
  const auto begin = tail.events.begin() + (after - known);
  const auto left = static_cast<std::size_t>(tail.events.end() - begin);
  return SharedEvents(begin, begin + static_cast<std::ptrdiff_t>(std::min(left, most)));
}

std::optional<JobProgress> EventTail::ProgressOf(const std::string& job) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = tails_.find(job);
  if (it == tails_.end()) return std::nullopt;
  return it->second.progress;
}

}  // namespace tomoslab
