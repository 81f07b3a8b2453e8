// Keeps local pools running: starts them with mpirun, logs their output, relaunches those that end,
// ends those that hang.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proto/log_line.h"
#include "server/dispatcher.h"

namespace tomoslab {

struct PoolOptions {
  int pools = 1;    // 0 = none
  int ranks = 1;    // per pool
  int threads = 1;  // per rank
  int numa_nodes =
      1;  // of this machine: ranks are spread over them and bound where the numbers fit
  std::string device = "auto";
  std::int64_t memory_mb_per_rank = 0;         // 0 = unknown
  std::int64_t device_memory_mb_per_rank = 0;  // 0 = what is free of a GPU, shared by its ranks
  std::string worker = "tomoslab-worker";
  std::string mpirun = "mpirun";
  // tomoslab_bind_to_loopback.so: a pool's ports are this machine's alone.
  std::string preload = {};
  LogFormat log_format = LogFormat::kText;     // of what its ranks write
  std::string token = {};                      // that its ranks show; empty = none is asked for
  std::chrono::milliseconds end_grace{5'000};  // between asking, SIGTERM and SIGKILL
  // A pool that lives and is not attached for so long is started again, the next time after twice
  // as long: mpirun may hang when a rank dies while the others start.
  std::chrono::milliseconds attach_patience{15'000};
};

/// "local-1", "local-2", ...
std::string LocalPoolName(int number);
/// What the local pools will offer once attached; a single pool of unknown size where there are
/// none.
std::vector<PoolOffer> ExpectedOffers(const PoolOptions& options);
/// The command line of one pool. `server`: "host:port".
std::vector<std::string> PoolCommandLine(const PoolOptions& options, const std::string& server,
                                         const std::string& name, const std::string& instance);

/// What its processes find in their environment besides this process's.
std::vector<std::string> PoolEnvironment(const PoolOptions& options);

class PoolSupervisor {
 public:
  PoolSupervisor(const PoolOptions& options, const std::string& server, Dispatcher& dispatcher);
  /// Waits for the pools, which the dispatcher has told to end; ends them after a grace time.
  ~PoolSupervisor();

 private:
  class LocalPool;
  void Run();
  void EndStuckPools();
  void WaitForOutput();

  const PoolOptions options_;
  Dispatcher& dispatcher_;
  std::vector<std::unique_ptr<LocalPool>> pools_;  // only touched by thread_
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tomoslab
