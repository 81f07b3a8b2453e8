#include "worker/app/prepare_scan.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "proto/values.h"
#include "worker/app/job_runner.h"
#include "worker/app/load_projections.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

absl::StatusOr<Scan> WithAxisAt(const Scan& scan, double column) {
  CircularOrbit orbit = *scan.orbit;
  orbit.detector_shift_u_mm = DetectorShiftForAxisColumn(scan.detector, orbit, column);
  return MakeCircularScan(scan.detector, orbit);
}

}  // namespace

absl::StatusOr<Scan> PrepareScan(PoolClient&, const Communicator&, const v1::Lease& lease, ProgressReporter&) {
  TOMOSLAB_ASSIGN_OR_RETURN(Scan scan, ToScan(lease.scan().geometry()));
  const v1::Preprocessing& preprocessing = lease.spec().preprocessing();
  if (preprocessing.rotation_axis_case() == v1::Preprocessing::kRotationAxisColumn) {
    return WithAxisAt(scan, preprocessing.rotation_axis_column());
  }
  return scan;
}

}  // namespace tomoslab
