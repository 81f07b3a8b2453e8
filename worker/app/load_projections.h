// From the server's store to line integrals on the ranks that own them.
#pragma once

#include "absl/status/statusor.h"
#include "worker/app/pool_client.h"
#include "worker/app/progress_reporter.h"
#include "worker/data/flat_field.h"
#include "worker/distributed/distributed_projector.h"

namespace tomoslab {

/// Fetches and corrects this rank's rows of every view; collective. What had to be replaced is
/// reported as a warning.
///   Fails: as the fetch; FailedPrecondition when the job rejects low counts and there are some;
///   ResourceExhausted.
absl::StatusOr<Field> LoadProjections(PoolClient& client, const v1::Lease& lease,
                                      const DistributedProjector& A, ProgressReporter& reporter);

/// Line integrals of the detector rows [rows) of all views, line by line as they come; not
/// collective.
///   put(view, row, line): a line of columns values, finite.
using PutLine =
    std::function<void(std::int64_t view, std::int64_t row, absl::Span<const float> line)>;
absl::StatusOr<FlatFieldReport> FetchLineIntegrals(PoolClient& client, const v1::Lease& lease,
                                                   IndexRange rows, const PutLine& put);

}  // namespace tomoslab
