#include "worker/app/prepare_scan.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "proto/values.h"
#include "worker/app/job_runner.h"
#include "worker/app/load_projections.h"
#include "worker/core/status.h"
#include "worker/data/conjugate_rays.h"
#include "worker/data/rotation_axis.h"

namespace tomoslab {
namespace {

absl::StatusOr<Scan> WithAxisAt(const Scan& scan, double column) {
  CircularOrbit orbit = *scan.orbit;
  orbit.detector_shift_u_mm = DetectorShiftForAxisColumn(scan.detector, orbit, column);
  return MakeCircularScan(scan.detector, orbit);
}

/// The detector row nearest to the orbit's plane: only there do conjugate rays meet the same points
/// of the object.
std::int64_t MidPlaneRow(const Scan& scan) {
  const double row = (scan.detector.rows - 1) / 2.0 -
                     scan.orbit->detector_shift_v_mm / scan.detector.pixel_height_mm;
  return std::clamp<std::int64_t>(std::lround(row), 0, scan.detector.rows - 1);
}

/// Line integrals [view][column] of one detector row.
absl::StatusOr<std::vector<float>> FetchSinogram(PoolClient& client, const v1::Lease& lease,
                                                 const Scan& scan) {
  const std::int64_t row = MidPlaneRow(scan), columns = scan.detector.columns;
  std::vector<float> sinogram(scan.views.size() * columns);
  TOMOSLAB_RETURN_IF_ERROR(
      FetchLineIntegrals(client, lease, {row, row + 1},
                         [&](std::int64_t view, std::int64_t, absl::Span<const float> line) {
                           std::copy(line.begin(), line.end(), sinogram.begin() + view * columns);
                         })
          .status());
  return sinogram;
}

/// What the mid-plane says about the geometry.
struct Finding {
  double axis_column = 0;
  std::string about_axis;  // "" when it was not looked for
  std::string warning;
};

absl::StatusOr<Finding> Look(PoolClient& client, const v1::Lease& lease, Scan scan) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<float> sinogram, FetchSinogram(client, lease, scan));
  Finding finding;
  if (lease.spec().preprocessing().find_rotation_axis()) {
    TOMOSLAB_ASSIGN_OR_RETURN(const RotationAxis axis,
                              FindRotationAxis(sinogram, scan.detector, *scan.orbit));
    finding.axis_column = axis.column;
    finding.about_axis = axis.ToString();
    TOMOSLAB_ASSIGN_OR_RETURN(scan, WithAxisAt(scan, axis.column));
  }
  if (const auto sense = CheckRotationSense(sinogram, scan.detector, *scan.orbit))
    finding.warning = sense->Warning();
  return finding;
}

}  // namespace

absl::StatusOr<Scan> PrepareScan(PoolClient& client, const Communicator& ranks,
                                 const v1::Lease& lease, ProgressReporter& reporter) {
  TOMOSLAB_ASSIGN_OR_RETURN(Scan scan, ToScan(lease.scan().geometry()));
  if (!scan.orbit) return scan;
  const v1::Preprocessing& preprocessing = lease.spec().preprocessing();
  if (preprocessing.rotation_axis_case() == v1::Preprocessing::kRotationAxisColumn) {
    TOMOSLAB_ASSIGN_OR_RETURN(scan, WithAxisAt(scan, preprocessing.rotation_axis_column()));
  }
  // One row: rank 0 looks at it, and tells the others.
  absl::StatusOr<Finding> finding = Finding{};
  if (ranks.rank() == 0) finding = Look(client, lease, scan);
  TOMOSLAB_RETURN_IF_ERROR(Agree(ranks, finding.status()));
  if (preprocessing.find_rotation_axis()) {
    double column = 0;
    const std::string text = ranks.Broadcast(absl::StrFormat("%.17g", finding->axis_column), 0);
    if (!absl::SimpleAtod(text, &column))
      return absl::InternalError("the rotation axis got lost between ranks");
    TOMOSLAB_ASSIGN_OR_RETURN(scan, WithAxisAt(scan, column));
    reporter.Log(v1::INFO, "found the rotation axis at " + finding->about_axis);
  }
  const std::string warning = ranks.Broadcast(finding->warning, 0);
  if (!warning.empty()) reporter.Log(v1::WARNING, warning);
  return scan;
}

}  // namespace tomoslab
