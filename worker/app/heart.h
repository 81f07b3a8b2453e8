// A rank's signs of life while it works on a lease.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "worker/app/pool_client.h"

namespace tomoslab {

/// Beats from a thread of its own as long as it lives. A rank that hears that its lease has ended,
/// and is not told by its own solver within a minute, waits for a rank that will never answer: it
/// ends its process, and with it the pool, so that whoever launched the pool starts it again.
class Heart {
 public:
  /// `client` outlives this.
  Heart(PoolClient* client, std::string lease, int rank);
  ~Heart();

  /// What this rank takes of its GPU now, for the next beats.
  void NoteDeviceBytes(std::int64_t bytes) { device_bytes_ = bytes; }

 private:
  void Run();

  PoolClient* client_;
  const std::string lease_;
  const int rank_;
  std::atomic<std::int64_t> device_bytes_{0};
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tomoslab
