// Which slices of a job's volume may be read, and by whom.
#pragma once

#include "absl/status/statusor.h"
#include "server/dispatcher.h"
#include "server/plane_reader.h"
#include "tomoslab/v1/reconstruction.pb.h"

namespace tomoslab {

/// Whole slices that are on disk. OutOfRange: outside the volume. FailedPrecondition: some are not
/// there yet.
absl::StatusOr<VolumeReader> ReadSlices(const Stores& stores, const v1::ReadSlicesRequest& request);

/// One slice in any plane, whose lines are all on disk. Errors as above; InvalidArgument: no such
/// plane.
absl::StatusOr<PlaneReader> ReadPlane(const Stores& stores, const v1::ReadPreviewRequest& request);

/// Slices of the volume that the leased job starts from. NotFound: it starts from none.
absl::StatusOr<VolumeReader> ReadStartVolume(const Stores& stores, const v1::Job& job,
                                             const v1::FetchStartVolumeRequest& request);

}  // namespace tomoslab
