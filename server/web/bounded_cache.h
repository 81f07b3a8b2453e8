// What was read last, up to so many bytes.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace tomoslab {

/// Thread-safe. The oldest entries make room for new ones.
template <class Key, class Value>
class BoundedCache {
 public:
  explicit BoundedCache(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  /// Null where it is not kept.
  std::shared_ptr<const Value> Find(const Key& key) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second.value;
  }

  /// `bytes`: what the value takes. What is kept already stays.
  void Keep(const Key& key, std::shared_ptr<const Value> value, std::size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (bytes > most_bytes_ || !entries_.emplace(key, Entry{std::move(value), bytes}).second) {
      return;
    }
    oldest_.push_back(key);
    bytes_ += bytes;
    while (bytes_ > most_bytes_) {
      const auto oldest = entries_.find(oldest_.front());
      bytes_ -= oldest->second.bytes;
      entries_.erase(oldest);
      oldest_.pop_front();
    }
  }

 private:
  struct Entry {
    std::shared_ptr<const Value> value;
    std::size_t bytes;
  };
  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;
  std::deque<Key> oldest_;
  std::size_t bytes_ = 0;
};

}  // namespace tomoslab
