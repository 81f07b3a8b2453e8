// FDK and filtered backprojection.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/core/status.h"
#include "worker/operators/linear_operator.h"
#include "worker/operators/ramp_filter.h"
#include "worker/solvers/fdk_weights.h"

namespace tomoslab {

/// An operator that can also backproject voxel by voxel:
///   A.BackprojectVoxelDriven(q, x):  x(r) = Σ_views q(view, row, column of r) / depth(r)², q
///   interpolated linearly.
template <class Op>
concept VoxelBackprojector = requires(const Op& A, const ProjectionsOf<Op>& q, VolumeOf<Op>& x) {
  A.BackprojectVoxelDriven(q, x);
};

/// Feldkamp, Davis & Kress (JOSA A 1(6), 1984) for circular cone and fan beams, filtered
/// backprojection for parallel ones.
///   scan: the geometry of `projections`.   projections: line integrals; used up (move them in, or
///   hand in a copy). x: overwritten, 1/mm.   Returns warnings for people; FailedPrecondition as
///   RayWeights::Create.
template <VoxelBackprojector Op>
absl::StatusOr<std::vector<std::string>> Fdk(const Op& A, const Scan& scan,
                                             ProjectionsOf<Op> projections,
                                             const RampOptions& options, VolumeOf<Op>& x) {
  TOMOSLAB_ASSIGN_OR_RETURN(const FdkWeights weights, FdkWeights::Create(scan));
  weights.Apply(projections);
  RampFilter(scan.detector.columns, scan.detector.pixel_width_mm, options).Apply(projections);
  A.BackprojectVoxelDriven(projections, x);
  return weights.warnings();
}

}  // namespace tomoslab
