// Slabs ↔ slices on the wire: the one place where [y][x][z] becomes [z][y][x] and back.
#pragma once

#include <string>

#include "worker/app/pool_client.h"
#include "worker/distributed/distributed_projector.h"

namespace tomoslab {

/// Sends this rank's slices to the server.
absl::Status DeliverSlab(PoolClient& client, const std::string& lease,
                         const DistributedProjector& A, const Field& x);

/// Fills this rank's slab of x with the volume that the job starts from.
absl::Status FetchSlab(PoolClient& client, const v1::Lease& lease, const DistributedProjector& A,
                       Field& x);

}  // namespace tomoslab
