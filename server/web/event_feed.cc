#include "server/web/event_feed.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/job.h"
#include "server/web/web_call.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr int kBatch = 64;
constexpr std::size_t kMostKeptBytes = 16 << 20;

}  // namespace

class EventFeed::Topic {
 public:
  void Change() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++changes_;
    }
    wake_.notify_all();
  }

  std::int64_t changes() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return changes_;
  }

  void Wait(std::int64_t seen, std::chrono::milliseconds most) {
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait_for(lock, most, [&] { return changes_ > seen; });
  }

  std::shared_ptr<void> subscription;  // set once, before others see the topic

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::int64_t changes_ = 0;
};

EventFeed::EventFeed(JobTable& jobs) : jobs_(jobs), frames_(kMostKeptBytes) {}

std::shared_ptr<EventFeed::Topic> EventFeed::Follow(const std::string& job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(topics_, [](const auto& entry) { return entry.second.expired(); });
  if (auto topic = topics_[job].lock()) return topic;
  auto topic = std::make_shared<Topic>();
  topic->subscription = jobs_.watchers().Watch(job, [weak = std::weak_ptr<Topic>(topic)] {
    if (const auto alive = weak.lock()) alive->Change();
  });
  topics_[job] = topic;
  return topic;
}

std::int64_t EventFeed::Changes(Topic& topic) { return topic.changes(); }

void EventFeed::Wait(Topic& topic, std::int64_t seen, std::chrono::milliseconds most) {
  if (!stopping()) topic.Wait(seen, most);
}

void EventFeed::Stop() {
  std::vector<std::shared_ptr<Topic>> living;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    for (const auto& [job, topic] : topics_) {
      if (auto alive = topic.lock()) living.push_back(std::move(alive));
    }
  }
  for (const auto& topic : living) topic->Change();
}

bool EventFeed::stopping() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

EventFeed::Batch EventFeed::Kept(const std::string& job, std::int64_t after) const {
  Batch batch;
  batch.last = after;
  while (batch.last < after + kBatch) {
    const std::shared_ptr<const Frame> frame = frames_.Find({job, batch.last + 1});
    if (frame == nullptr) break;
    batch.text += frame->text;
    batch.state_changed = batch.state_changed || frame->state_change;
    ++batch.last;
  }
  return batch;
}

void EventFeed::Keep(const std::string& job, const v1::JobEvent& event) {
  auto frame = std::make_shared<const Frame>(
      Frame{absl::StrCat("id: ", event.sequence(), "\ndata: ", ToJson(event), "\n\n"),
            event.has_state_change()});
  const std::size_t bytes = frame->text.size();
  frames_.Keep({job, event.sequence()}, std::move(frame), bytes);
}

absl::StatusOr<EventFeed::Batch> EventFeed::After(const std::string& job, std::int64_t after) {
  if (Batch kept = Kept(job, after); !kept.text.empty()) return kept;
  const std::lock_guard<std::mutex> lock(loading_);
  if (Batch kept = Kept(job, after); !kept.text.empty()) return kept;
  TOMOSLAB_ASSIGN_OR_RETURN(const SharedEvents events, jobs_.NextEvents(job, after));
  for (const auto& event : events) Keep(job, *event);
  return Kept(job, after);
}

absl::StatusOr<bool> EventFeed::IsOver(const std::string& job, std::int64_t last) {
  TOMOSLAB_ASSIGN_OR_RETURN(const JobProgress now, jobs_.ProgressOf(job));
  return tomoslab::IsOver(now.state) && last >= now.last_event;
}

}  // namespace tomoslab
