// What a solver needs of an operator and its vectors; nothing here knows geometry, ranks or
// devices.
#pragma once

#include <utility>

namespace tomoslab {

/// The vector types of an operator: what NewVolume and NewProjections return.
template <class Op>
using VolumeOf = decltype(std::declval<const Op&>().NewVolume());
template <class Op>
using ProjectionsOf = decltype(std::declval<const Op&>().NewProjections());

/// A linear operator A from volumes to projections, and its adjoint. Both overwrite their second
/// argument. In a distributed run the calls are collective. Vectors come with the free functions of
/// worker/operators/field.h.
template <class Op>
concept LinearOperator = requires(const Op& A, const VolumeOf<Op>& x, ProjectionsOf<Op>& y,
                                  const ProjectionsOf<Op>& b, VolumeOf<Op>& z) {
  A.Project(x, y);      // y = A x
  A.Backproject(b, z);  // z = Aᵀ b
};

/// Σ_j a_ij: per ray, its length through the volume (mm).
template <LinearOperator Op>
ProjectionsOf<Op> RowSums(const Op& A) {
  auto ones = A.NewVolume();
  Fill(1, ones);
  auto sums = A.NewProjections();
  A.Project(ones, sums);
  return sums;
}

/// Σ_i a_ij: per voxel, the lengths of all rays in it (mm).
template <LinearOperator Op>
VolumeOf<Op> ColumnSums(const Op& A) {
  auto ones = A.NewProjections();
  Fill(1, ones);
  auto sums = A.NewVolume();
  A.Backproject(ones, sums);
  return sums;
}

}  // namespace tomoslab
