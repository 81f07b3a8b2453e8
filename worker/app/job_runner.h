// One lease, from the first projection to the last slice.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "tomoslab/v1/pool.pb.h"
#include "worker/app/pool_client.h"
#include "worker/core/accelerator.h"
#include "worker/distributed/communicator.h"

namespace tomoslab {

class RankLog;

/// One rank of an attached pool. All outlive what they are given to.
struct PoolRank {
  PoolClient* client;
  RankLog* log;
  const Communicator* ranks;
  Accelerator* accelerator;         // nullptr = the CPU
  std::int64_t memory_bytes;        // that this rank may use; 0 = unknown
  const std::atomic<bool>* ending;  // rank 0's: the pool was told to end
};

/// Runs a job on all ranks, this one's part on its accelerator; collective. Every failure that all
/// ranks can agree on is reported to the server here. An exception that escapes (out of memory in
/// the middle of a solver) is for the caller, who must end all ranks.
void RunLease(const PoolRank& pool, const v1::Lease& lease);

/// The first rank's failure on every rank, with its rank; OK when all are.
absl::Status Agree(const Communicator& ranks, const absl::Status& status);

}  // namespace tomoslab
