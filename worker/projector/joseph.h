// The matched pair y = A x, x = Aᵀ y by Joseph's method, for one slab and a batch of views.
#pragma once

#include "absl/types/span.h"
#include "worker/geometry/view.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// Rows [rows) of a few views, stored [view][column][row] with rows.size() numbers per column.
struct ProjectionBand {
  absl::Span<const View> views;
  int columns = 0;
  IndexRange rows;  // of the detector

  std::int64_t size() const {
    return static_cast<std::int64_t>(views.size()) * columns * rows.size();
  }
  std::int64_t Offset(std::int64_t view, std::int64_t column) const {
    return (view * columns + column) * rows.size();
  }
};

/// Forward projection y = A x by Joseph's method: one sample per voxel plane across the ray's main
/// axis (the axis along which it crosses most planes), bilinear in the plane, zero outside the
/// volume, times the ray's length per plane.
///   slab: the slices held here, with their place in space. Slabs of one volume add up: the sum
///   over slabs of their
///         projections is the projection of the whole.
///   x: attenuation [y][x][z], 1/mm.   y: line integrals [view][column][row], no unit; overwritten.
/// Axis-aligned views go along voxel columns (joseph_columns.h); their rays steeper along z than
/// along x and y, and all other views, by lines of rays (joseph_rays.h): the same sums to rounding.
/// Adjoint: BackprojectJoseph (exact, the same weights). Joseph, IEEE TMI 1(3), 1982.
void ProjectJoseph(const Volume& slab, const float* x, const ProjectionBand& band, float* y);

/// x ← x + Aᵀ y, the exact adjoint of ProjectJoseph. Runs without atomics: every thread owns the
/// planes it writes.
///   y: scratch; its numbers are changed.
void BackprojectJoseph(const ProjectionBand& band, float* y, const Volume& slab, float* x);

}  // namespace tomoslab
