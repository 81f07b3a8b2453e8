// SIMD kernels of the general ray projector: lines of neighbouring rays through a box of voxels
// that was copied into the cache. Dispatched at run time to the best instruction set.
#pragma once

#include <array>
#include <cstdint>

#include "worker/projector/ray_line.h"

namespace tomoslab {

/// Voxels a box may have on any side: positions in it are 32-bit numbers with 24 bits of fraction.
inline constexpr int kLongestSide = 96;
/// Rays of a line that one kernel call takes at most.
inline constexpr int kRaysPerCall = 128;
/// Samples along the contiguous axis that a panel stores at least.
inline constexpr int kShortestLine = 64;

/// A box of voxels copied as [lateral][plane][along]: planes across the rays' main axis, `along`
/// the axis along which neighbouring rays of a line follow each other.
///   Forward: `laterals` and `alongs` count the voxels that may stand below a sample; one more on
///   each axis is stored and read. Back: they count the voxels that are written.
struct RayPanel {
  float* samples = nullptr;
  std::int64_t lateral_stride = 0, plane_stride = 0;
  int planes = 0, laterals = 0, alongs = 0;
};

/// sums[i - first] += Σ_planes bilinear sample of ray i, i in [first, first + count), count ≤ 16,
/// for the samples whose lower voxel lies in the panel.
void AddRays(const RayPanel& panel, const RayLine& line, int first, int count, float* sums);

/// The transpose: panel += values[i - first] · the bilinear weights of ray i, count ≤ kRaysPerCall,
/// for the voxels of the panel.
void SpreadRays(const RayPanel& panel, const RayLine& line, int first, int count,
                const float* values);

/// Rays of a band that a call is about: all, or those whose main axis is z.
enum class RaySet { kAll, kAlongZ };

/// y[i - first] *= the ray's length (mm) between planes across its main axis, for the rays of the
/// set.   line: on the axes x, y, z; pitch_mm: of the voxels.
void ScaleByLength(const RayLine& line, const std::array<double, 3>& pitch_mm, RaySet set,
                   int first, int count, float* y);
/// y[i - first] = 0 for the rays of the set.
void ClearRays(const RayLine& line, RaySet set, int first, int count, float* y);

}  // namespace tomoslab
