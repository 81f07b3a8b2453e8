// What one GPU thread computes of FDK's weights (worker/solvers/fdk_weights.h), as a plain functor
// that the host can call too.
#pragma once

#include <cstdint>

#include "worker/core/host_device.h"

namespace tomoslab::device {

/// weighted[view][margin + column][row] ← projections · weight · cosine, 0 in the margins: i runs
/// over `weighted`.
struct FdkWeightBody {
  std::int64_t columns, rows;
  std::int64_t margin, weighted_columns;  // columns of zeros before the first; all columns
  const double* weight;                   // [view][column]
  const double* cosine;                   // [column][row]
  const float* projections;
  float* weighted;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t row = i % rows, line = i / rows;
    const std::int64_t view = line / weighted_columns, column = line % weighted_columns - margin;
    if (column < 0 || column >= columns) {
      weighted[i] = 0;
      return;
    }
    const double from = static_cast<double>(projections[(view * columns + column) * rows + row]);
    weighted[i] =
        static_cast<float>(from * weight[view * columns + column] * cosine[column * rows + row]);
  }
};

}  // namespace tomoslab::device
