#include "server/watchers.h"

#include <utility>

namespace tomoslab {

std::shared_ptr<void> Watchers::Watch(const std::string& job, Callback callback) {
  auto owned = std::make_shared<Callback>(std::move(callback));
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(callbacks_, [](const auto& entry) { return entry.second.expired(); });
  callbacks_.emplace(job, owned);
  return owned;
}

std::vector<std::shared_ptr<Watchers::Callback>> Watchers::Living(const std::string& job) {
  std::vector<std::shared_ptr<Callback>> living;
  const std::lock_guard<std::mutex> lock(mutex_);
  auto [it, end] = callbacks_.equal_range(job);
  while (it != end) {
    if (auto callback = it->second.lock()) {
      living.push_back(std::move(callback));
      ++it;
    } else {
      it = callbacks_.erase(it);
    }
  }
  return living;
}

void Watchers::Notify(const std::string& job) {
  for (const auto& callback : Living(job)) (*callback)();
}

void Watchers::NotifyAll() {
  std::vector<std::shared_ptr<Callback>> living;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [job, callback] : callbacks_) {
      if (auto alive = callback.lock()) living.push_back(std::move(alive));
    }
  }
  for (const auto& callback : living) (*callback)();
}

std::size_t Watchers::Count() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::size_t count = 0;
  for (const auto& [job, callback] : callbacks_) count += callback.expired() ? 0 : 1;
  return count;
}

}  // namespace tomoslab
