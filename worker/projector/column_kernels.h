// SIMD kernels of the column projectors: many steps, each a blend of two neighbouring columns of a
// panel and a linear resampling along it. Dispatched at run time to the best instruction set.
#pragma once

#include <algorithm>
#include <cstdint>

#include "worker/projector/resample.h"

namespace tomoslab {

inline std::int64_t DivideUp(std::int64_t count, std::int64_t by) { return (count + by - 1) / by; }
/// Numbers that fill vectors of every instruction set.
inline std::int64_t WholeVectors(std::int64_t count) { return DivideUp(count, 16) * 16; }

/// Outputs that one kernel call computes at most (rows of a forward projection, slices of a
/// backprojection).
inline constexpr std::int64_t kBlock = 128;
/// Zeros of this length before and after a line let kernels read defined numbers for every block,
/// inside or outside.
inline constexpr std::int64_t kMargin = 80;

/// Kernels read tables of up to five vectors of 16 samples for four vectors of outputs, or of four
/// for one. `smallest`, `largest`: samples from one output to the next, over all steps of a call.
/// Samples before the first one an output touches that are read:
inline double ReadBefore(double smallest) { return std::clamp(50 - 48 * smallest, 2.0, 22.0); }
/// Samples from the last output's position on that are read:
inline double ReadAfter(double smallest, double largest) {
  const double wide = largest > 1.5 ? 68 - 15 * smallest : 0;
  return std::max(std::clamp(83 - 63 * smallest, 20.0, 83.0), wide);
}

/// Columns of samples copied next to each other, so that they fit in the cache and are surrounded
/// by zeros. Column c begins at samples + c · length, the lateral neighbour of a column stands
/// neighbour_stride further on.
struct ColumnPanel {
  float* samples = nullptr;
  std::int64_t neighbour_stride = 0;
  std::int64_t length = 0;  // samples per column
};

/// The steps of one kernel call, as arrays. Step i blends the column at offset[i] and its neighbour
/// with weights low[i], high[i]; output k of the block lies at sample start[i] + k · step[i] of the
/// blended column.
struct ColumnSteps {
  static constexpr int kCapacity = 64;
  int count = 0;
  alignas(64) std::int32_t offset[kCapacity];
  alignas(64) float low[kCapacity], high[kCapacity];
  alignas(64) double start[kCapacity], step[kCapacity];
};

/// A line resampled by itself.
inline ColumnSteps OneStep(Positions position) {
  ColumnSteps one;
  one.count = 1;
  one.offset[0] = 0;
  one.low[0] = 1;
  one.high[0] = 0;
  one.start[0] = position.start;
  one.step[0] = position.step;
  return one;
}

/// What the steps of a straight ray through the planes of a panel have in common: everything is
/// linear in the step's index i.
struct StraightSteps {
  int count;
  double lateral, lateral_step;  // in columns from the panel's first
  double start, start_step, step, step_step;
  std::int64_t plane;    // of step 0, in the panel
  std::int64_t columns;  // lateral columns of the panel: the blend uses [0, columns)
};
void FillSteps(const StraightSteps& line, const ColumnPanel& panel, ColumnSteps& steps);

/// What a voxel column sees of the views of a group, one step each: column = (column + column_x ·
/// ix
/// + column_y · iy) / depth − first_column in the view's part of the panel, rows likewise.
struct VoxelSteps {
  static constexpr int kCapacity = ColumnSteps::kCapacity;
  int count = 0;
  alignas(64) std::int32_t offset[kCapacity];
  alignas(64) double first_column[kCapacity], last_column[kCapacity], first_row[kCapacity];
  alignas(64) double column[kCapacity], column_x[kCapacity], column_y[kCapacity];
  alignas(64) double row[kCapacity], row_x[kCapacity], row_y[kCapacity], row_z[kCapacity];
  alignas(64) double depth[kCapacity], depth_x[kCapacity], depth_y[kCapacity];
};
/// The steps of voxel column (ix, iy), weighted by 1 / depth².
void FillVoxelSteps(const VoxelSteps& voxels, double ix, double iy, const ColumnPanel& panel,
                    ColumnSteps& steps);

/// What a voxel column sees of the views of a group in parallel beam, one step each: with at =
/// column + column_x · ix + column_y · iy, the two detector columns c, c + 1 from c = floor(at) +
/// shift on (floor(at) kept in [least, most]) get weight · max(0, 1 − spacing |c − at|).
struct TentSteps {
  static constexpr int kCapacity = ColumnSteps::kCapacity;
  int count = 0;
  alignas(64) std::int32_t offset[kCapacity];
  alignas(64) double column[kCapacity], column_x[kCapacity], column_y[kCapacity];
  alignas(64) double least[kCapacity], most[kCapacity], shift[kCapacity];
  alignas(64) double spacing[kCapacity], weight[kCapacity];
};
void FillTentSteps(const TentSteps& tents, double ix, double iy, const ColumnPanel& panel,
                   ColumnSteps& steps);

/// out[k] += Σ_i resampled blend, k in [0, outputs), outputs ≤ kBlock; out has room for kBlock.
/// Samples outside the panel count as zero.
void AddResampled(const ColumnPanel& panel, const ColumnSteps& steps, std::int64_t outputs,
                  float* out);

/// The transpose: panel += every step's part of line[k], k in [0, rows). Writes the samples
/// [0, length) of the columns; length ≤ kBlock, a multiple of 16. Numbers of `line` that no step
/// should see must be zero: kernels may take any of them with weight zero only.
void SpreadResampled(const float* line, std::int64_t rows, const ColumnSteps& steps,
                     const ColumnPanel& panel);

/// out[z] += Σ_i blend, z in [begin, begin + count) of the columns: steps without resampling, for
/// beams where it is the same at every step and can be done once.
void AddBlended(const ColumnPanel& panel, const ColumnSteps& steps, std::int64_t begin,
                std::int64_t count, float* out);

/// y[k] *= scale · sqrt(planar + (first + k · step)²), k in [0, count).
void ScaleByHypotenuse(double planar, double first, double step, double scale, std::int64_t count,
                       float* y);

}  // namespace tomoslab
