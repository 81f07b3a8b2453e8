// A small parallel-beam scan as a matrix: any linear operator will do where laws are tested.
#pragma once

#include <cmath>
#include <numbers>

#include "tests/support/dense_operator.h"

namespace tomoslab::testing {

/// [view · bin][voxel] of a size × size image, `views` views over half a turn, size bins of a
/// voxel's width: every voxel's length (mm) is shared between the two bins nearest to its shadow.
inline Matrix ParallelMatrix(int size, int views, double voxel_mm) {
  Matrix a(static_cast<std::size_t>(views) * size, std::vector<double>(size * size, 0.0));
  const double middle = (size - 1) / 2.0;
  for (int view = 0; view < views; ++view) {
    const double angle = std::numbers::pi * (view + 0.3) / views;
    for (int voxel = 0; voxel < size * size; ++voxel) {
      const double x = voxel % size - middle;
      const double y = static_cast<double>(voxel / size) - middle;
      const double shadow = x * std::cos(angle) + y * std::sin(angle) + middle;
      const int bin = static_cast<int>(std::floor(shadow));
      const double right = shadow - bin;
      if (bin >= 0 && bin < size) a[view * size + bin][voxel] += (1 - right) * voxel_mm;
      if (bin >= -1 && bin < size - 1) a[view * size + bin + 1][voxel] += right * voxel_mm;
    }
  }
  return a;
}

}  // namespace tomoslab::testing
