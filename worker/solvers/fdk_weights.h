// What projections are multiplied by before they are filtered and backprojected.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/geometry/scan.h"
#include "worker/operators/field.h"
#include "worker/solvers/redundancy.h"

namespace tomoslab {

/// The weights as factors, for one rank's rows.
struct FdkTables {
  std::int64_t margin = 0;     // columns of zeros before the first
  std::vector<double> weight;  // [view][column]
  std::vector<double> cosine;  // [column][row]
};

/// The weights of FDK and filtered backprojection, such that
///   x(r) = Σ_views q(view, row, column of r) / depth(r)²,   q = ramp * (weights ∘ projections),
/// is the attenuation in 1/mm, for any distances, pixel sizes, shifts of the detector and offsets
/// of the axis. depth is tomoslab::ProjectPoint's: the distance from the source's plane relative to
/// the detector's; 1 in parallel beam.
///
/// Per ray: its share of its line times its view's arc (worker/solvers/redundancy.h), and in cone
/// beam (SOD + a p / SDD) / √(SDD² + p² + v²), where p and v are the pixel's distances (mm) from
/// the point of the detector nearest to the source, and a the rotation axis' offset: dγ ds over the
/// fan, scaled from detector to ray, which for a = 0 is Feldkamp's cosine over the magnification.
/// Feldkamp, Davis & Kress, JOSA A 1(6), 1984; for a ≠ 0 Gullberg, Crawford & Tsui, IEEE TMI 5(1),
/// 1986.
class FdkWeights {
 public:
  /// FailedPrecondition as RayWeights::Create.
  static absl::StatusOr<FdkWeights> Create(const Scan& scan);

  /// The scan as it is filtered and backprojected: the same views and rows, and where the detector
  /// lies off the axis over a full circle, columns of zeros that make it symmetric
  /// (RayWeights::Margins).
  const Scan& filtered_scan() const { return filtered_scan_; }

  /// Weighted projections [view][column][row] of filtered_scan().
  Field Apply(const Field& projections) const;

  /// What Apply multiplies by.
  FdkTables Tables(IndexRange rows) const;

  const std::vector<std::string>& warnings() const { return rays_.warnings(); }

 private:
  FdkWeights(const Scan& scan, RayWeights rays);
  double Cosine(std::int64_t row, int column) const;

  Detector detector_;
  CircularOrbit orbit_;
  View at_zero_;
  RayWeights rays_;
  Scan filtered_scan_;
};

}  // namespace tomoslab
