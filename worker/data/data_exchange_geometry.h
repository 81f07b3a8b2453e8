// The geometry inside a Data Exchange file: the attributes of /geometry, or the instrument's
// groups.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/hdf5_reading.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {

/// `convention` of files that hold our frame (docs/geometry.md); other files with /geometry use
///   source at D·(−sin b, cos b), columns along (cos b, sin b), b = direction · theta,
/// which is ours turned about x by 180 degrees: x to the right, y and z downwards, and b = −θ.
inline constexpr const char* kOurConvention =
    "tomoslab: source at D*(sin t, -cos t, 0), columns along u = (cos t, sin t, 0), rows along z";

struct DataExchangeGeometry {
  Detector detector;              // rows and columns are set
  std::vector<double> angle_rad;  // as in the file, one per view used
  std::vector<double> vectors;    // 12 per view used, or none
};

/// /geometry/view_vectors, [view][12], where it is.
absl::Status ReadViewVectors(const Hdf5File& file, std::int64_t views,
                             DataExchangeGeometry& geometry);

absl::StatusOr<Scan> ReadDataExchangeGeometry(const Hdf5File& file, const ScanHints& hints,
                                              const DataExchangeGeometry& known,
                                              std::vector<ImportedValue>& report);

}  // namespace tomoslab
