// What one GPU thread computes of the ramp filter (worker/operators/ramp_filter.h) beside the
// transforms, as plain functors that the host can call too. A group of lines (a line is one
// detector row of one view) goes through them together, [column][line]: neighbouring threads have
// neighbouring rows.
#pragma once

#include <cstdint>

#include "worker/core/host_device.h"

namespace tomoslab::device {

/// Lines [first, first + count) of projections [view][column][row]; line = view · rows + row. Those
/// from `total` on do not exist.
struct LineGroup {
  std::int64_t columns, rows, total;
  std::int64_t first, count;

  TOMOSLAB_HOST_DEVICE bool Holds(std::int64_t line) const { return first + line < total; }
  TOMOSLAB_HOST_DEVICE std::int64_t Offset(std::int64_t line, std::int64_t column) const {
    const std::int64_t view = (first + line) / rows, row = (first + line) % rows;
    return (view * columns + column) * rows + row;
  }
};

/// padded[column][line] ← the projections, and zeros from their last column on.
struct PadLinesBody {
  LineGroup group;
  const float* projections;
  float* padded;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t column = i / group.count, line = i % group.count;
    const bool exists = column < group.columns && group.Holds(line);
    padded[i] = exists ? projections[group.Offset(line, column)] : 0.0f;
  }
};

/// spectrum[frequency][line] (real and imaginary parts) *= response[frequency]
struct FilterLinesBody {
  std::int64_t lines;
  const float* response;
  float* spectrum;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const float factor = response[i / lines];
    spectrum[2 * i] *= factor;
    spectrum[2 * i + 1] *= factor;
  }
};

/// The projections ← padded[column][line], their columns only: i in [0, columns · lines).
struct UnpadLinesBody {
  LineGroup group;
  const float* padded;
  float* projections;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t column = i / group.count, line = i % group.count;
    if (group.Holds(line)) projections[group.Offset(line, column)] = padded[i];
  }
};

}  // namespace tomoslab::device
