// FDK and filtered backprojection.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/core/status.h"
#include "worker/operators/linear_operator.h"
#include "worker/operators/ramp_filter.h"
#include "worker/solvers/fdk_weights.h"

namespace tomoslab {

/// An operator that can also backproject voxel by voxel:
///   A.BackprojectVoxelDriven(scan, q, x):  x(r) = Σ_views q(view, row, column of r) / depth(r)², q
///   interpolated linearly,
/// where `scan` is the operator's with more columns perhaps, and q are projections of it.
template <class Op>
concept VoxelBackprojector = requires(const Op& A, const Scan& scan, const ProjectionsOf<Op>& q,
                                      VolumeOf<Op>& x) {
  A.BackprojectVoxelDriven(scan, q, x);
};

/// Feldkamp, Davis & Kress (JOSA A 1(6), 1984) for circular cone and fan beams, filtered
/// backprojection for parallel ones.
///   scan: the geometry of b.   b: line integrals.   x: overwritten, 1/mm.
///   Returns warnings for people; FailedPrecondition as RayWeights::Create.
///   Memory: x, b and one more set of projections (up to twice as wide when the detector lies off
///   the axis).
template <VoxelBackprojector Op>
absl::StatusOr<std::vector<std::string>> Fdk(const Op& A, const Scan& scan,
                                             const ProjectionsOf<Op>& b, const RampOptions& options,
                                             VolumeOf<Op>& x) {
  TOMOSLAB_ASSIGN_OR_RETURN(const FdkWeights weights, FdkWeights::Create(scan));
  auto q = weights.Apply(b);
  const Scan& filtered = weights.filtered_scan();
  const std::string warning =
      RampFilter(filtered.detector.columns, filtered.detector.pixel_width_mm, options).Apply(q);
  A.BackprojectVoxelDriven(filtered, q, x);
  std::vector<std::string> warnings = weights.warnings();
  if (!warning.empty()) warnings.push_back(warning);
  return warnings;
}

}  // namespace tomoslab
