// The life of a pool: attach, work, attach again when the server was gone.
#pragma once

#include <cstdint>
#include <string>

#include "proto/dial.h"
#include "worker/core/device.h"
#include "worker/distributed/communicator.h"

namespace tomoslab {

struct PoolOptions {
  ServerChoice server;
  std::string pool;                        // the pool's name
  std::string instance;                    // given by whoever launched it
  std::int64_t memory_bytes_per_rank = 0;  // 0 = the machine's free memory shared by its ranks
  DeviceChoice device = DeviceChoice::kAuto;
  std::int64_t device_bytes_per_rank = 0;  // 0 = 90 % of the GPU, shared by its ranks
};

/// Serves until the server says drain, or SIGTERM comes, which the caller has blocked; collective.
/// Returns the process' exit status: 0 after a drain, 1 when the server refused the pool, 2 when
/// the server cannot be dialed with these TLS files.
int ServePool(const PoolOptions& options, const Communicator& ranks);

}  // namespace tomoslab
