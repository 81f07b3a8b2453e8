// The volume that a reconstruction of a phantom should show.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/data/phantom_case.h"

namespace tomoslab {

/// One slice, [row][column]: the attenuation Σ fraction_m · node_m (1/mm), and the majority
/// material of every voxel (0 = air, m + 1 = material m; the lower number on a tie), from sub³
/// points per voxel (2-D cases: sub²).
struct TruthSlice {
  std::vector<float> attenuation_per_mm;
  std::vector<std::uint8_t> label;
};

TruthSlice SampleTruth(const PhantomCase& phantom_case, int slice);

}  // namespace tomoslab
