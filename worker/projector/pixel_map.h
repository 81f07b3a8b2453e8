// The projective map from voxel indices of a slab to detector pixels of one view.
#pragma once

#include "worker/geometry/view.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// An affine function of the voxel index.
struct Affine {
  double constant, x, y, z;
  double operator()(double ix, double iy, double iz) const {
    return constant + x * ix + y * iy + z * iz;
  }
};

/// column = column_depth / depth, row = row_depth / depth. Where IsAxisAligned(view), neither
/// column_depth nor depth depends on z.
struct PixelMap {
  Affine column_depth, row_depth, depth;
};

inline PixelMap MapOf(const View& view, const Volume& slab) {
  const auto at = [&](double x, double y, double z) {
    return ProjectPoint(view, slab.VoxelCenter(x, y, z));
  };
  const DetectorPoint p[4] = {at(0, 0, 0), at(1, 0, 0), at(0, 1, 0), at(0, 0, 1)};
  const auto affine = [&](auto&& f) {
    return Affine{f(p[0]), f(p[1]) - f(p[0]), f(p[2]) - f(p[0]), f(p[3]) - f(p[0])};
  };
  return {.column_depth = affine([](const DetectorPoint& d) { return d.column * d.depth; }),
          .row_depth = affine([](const DetectorPoint& d) { return d.row * d.depth; }),
          .depth = affine([](const DetectorPoint& d) { return d.depth; })};
}

}  // namespace tomoslab
