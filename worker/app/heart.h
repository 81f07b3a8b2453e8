// A rank's signs of life while it works on a lease.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "worker/app/pool_client.h"
#include "worker/core/accelerator.h"

namespace tomoslab {

/// Beats from a thread of its own as long as it lives. A rank that hears that its lease has ended,
/// and is not told by its own solver within a minute, waits for a rank that will never answer: it
/// ends its process, and with it the pool, so that whoever launched the pool starts it again.
class Heart {
 public:
  /// accelerator: this rank's, nullptr for the CPU. Both outlive this.
  Heart(PoolClient* client, std::string lease, int rank, const Accelerator* accelerator);
  ~Heart();

 private:
  void Run();

  PoolClient* client_;
  const std::string lease_;
  const int rank_;
  const Accelerator* const accelerator_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tomoslab
