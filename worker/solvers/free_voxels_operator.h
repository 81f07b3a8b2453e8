// An operator for an image of which only some voxels may change.
#pragma once

#include <utility>

#include "worker/operators/linear_operator.h"
#include "worker/solvers/voxel_labels.h"

namespace tomoslab {

/// A x of the whole image, and the free voxels' share of Aᵀ r, 0 elsewhere: every solver that moves
/// along backprojections leaves the other voxels as they are, and its residual is b − A x.
template <LinearOperator Op>
class FreeVoxelsOperator {
 public:
  /// Both outlive this.
  FreeVoxelsOperator(const Op* A, const VoxelMask* free) : A_(A), free_(free) {}

  Field NewVolume() const { return A_->NewVolume(); }
  Field NewProjections() const { return A_->NewProjections(); }
  void Project(const Field& x, Field& y) const { A_->Project(x, y); }
  void Backproject(const Field& y, Field& x) const {
    A_->Backproject(y, x);
    KeepOnly(*free_, x);
  }

 private:
  const Op* A_;
  const VoxelMask* free_;
};

/// R_F = 1 / (A 1_F) for the free voxels F, and 0 for rays that hardly meet one. `scratch` is a
/// volume that will be overwritten.
template <LinearOperator Op>
Field FreeRowInverse(const Op& A, const VoxelMask& free, Field& scratch) {
  Fill(1, scratch);
  KeepOnly(free, scratch);
  Field sums = A.NewProjections();
  A.Project(scratch, sums);
  return Inverse(std::move(sums), 1e-3);
}

}  // namespace tomoslab
