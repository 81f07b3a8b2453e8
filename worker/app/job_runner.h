// One lease, from the first projection to the last slice.
#pragma once

#include "absl/status/status.h"
#include "tomoslab/v1/pool.pb.h"
#include "worker/app/pool_client.h"
#include "worker/core/accelerator.h"
#include "worker/distributed/communicator.h"

namespace tomoslab {

/// Runs a job on all ranks, this one's part on `accelerator` (nullptr = the CPU); collective. Every
/// failure that all ranks can agree on is reported to the server here. An exception that escapes
/// (out of memory in the middle of a solver) is for the caller, who must end all ranks.
void RunLease(PoolClient& client, const Communicator& ranks, const v1::Lease& lease,
              Accelerator* accelerator);

/// The first rank's failure on every rank, with its rank; OK when all are.
absl::Status Agree(const Communicator& ranks, const absl::Status& status);

}  // namespace tomoslab
