// A ball in voxels.
#pragma once

#include <vector>

#include "worker/geometry/volume.h"

namespace tomoslab::testing {

/// The part of each voxel [y][x][z], of 4³ sub-samples, that lies within `radius_mm` of the
/// volume's centre.
inline std::vector<float> Ball(const Volume& volume, double radius_mm) {
  std::vector<float> x;
  x.reserve(volume.VoxelCount());
  for (int iy = 0; iy < volume.rows; ++iy) {
    for (int ix = 0; ix < volume.columns; ++ix) {
      for (int iz = 0; iz < volume.slices; ++iz) {
        int inside = 0;
        for (int s = 0; s < 64; ++s) {
          const Vec3 p = volume.VoxelCenter(ix + (s % 4 - 1.5) / 4, iy + (s / 4 % 4 - 1.5) / 4,
                                            iz + (s / 16 - 1.5) / 4);
          inside += Norm(p - volume.center_mm) <= radius_mm;
        }
        x.push_back(static_cast<float>(inside) / 64);
      }
    }
  }
  return x;
}

}  // namespace tomoslab::testing
