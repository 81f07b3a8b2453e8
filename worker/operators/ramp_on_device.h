// The ramp filter for projections on an accelerator; worker/operators/ramp_filter.h calls it.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "worker/operators/field.h"

namespace tomoslab {

/// A ramp filter as its transforms see it.
struct RampShape {
  std::int64_t columns = 0, padded_columns = 0;
};

/// Filters projections [view][column][row] in place, by groups of lines.
///   response: [0 .. padded_columns / 2].   Memory: kRampGroupBytes (worker/plan) and what the transforms work
///   in. NotFound as MakeLineTransform, and then the projections are as they were; throws
///   DeviceMemoryError.
absl::Status FilterOnDevice(const RampShape& shape, const std::vector<float>& response,
                            Field& projections);

}  // namespace tomoslab
