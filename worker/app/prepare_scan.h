// The geometry that a job uses: the scan's, with the rotation axis where the job says or where the
// data show it.
#pragma once

#include "absl/status/statusor.h"
#include "worker/app/pool_client.h"
#include "worker/app/progress_reporter.h"
#include "worker/geometry/scan.h"

namespace tomoslab {

/// Collective. Looks at the mid-plane sinogram where one exists: finds the rotation axis if the job
/// asks for it, and warns when conjugate rays say that the rotation direction is reversed.
absl::StatusOr<Scan> PrepareScan(PoolClient& client, const Communicator& ranks,
                                 const v1::Lease& lease, ProgressReporter& reporter);

}  // namespace tomoslab
