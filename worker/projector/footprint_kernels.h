// SIMD kernels of the footprint projector: many steps, each a weighted sum of neighbouring columns
// of a panel and averages over boxes along it. Dispatched at run time to the best instruction set.
#pragma once

#include <cstdint>

#include "worker/plan/footprint_path.h"
#include "worker/projector/column_kernels.h"

namespace tomoslab {

/// Zeros that stand before and after a line which kernels read boxes from.
inline constexpr std::int64_t kFootprintPad = 80;

/// The steps of one kernel call, as arrays. Step i sums `columns` neighbouring columns of a panel,
/// the first of them at offset[i], with weight[·][i]; output k is the mean of that sum (a step
/// function of its samples, sample s filling [s, s + 1)) over the box from start[i] + k · step[i]
/// to start[i] + (k + 1) · step[i].
struct FootprintSteps {
  static constexpr int kCapacity = ColumnSteps::kCapacity;
  static constexpr int kMostColumns = kMostBeamColumns;
  int count = 0, columns = 0;
  alignas(64) std::int32_t offset[kCapacity];
  alignas(64) float weight[kMostColumns][kCapacity];
  alignas(64) double start[kCapacity], step[kCapacity];
};

/// What the steps of a pixel column's beam through the planes of a panel have in common: everything
/// is linear in the step's index i.
struct BeamSteps {
  int count;
  int columns;             // voxel columns that the beam touches in a plane, at most
  double low, low_step;    // where its edges cross the middle of the plane, in columns from the
  double high, high_step;  // panel's first
  double start, start_step, step, step_step;
  std::int64_t plane;         // of step 0, in the panel
  std::int64_t last_columns;  // the last column of the panel at which a sum may begin
};
/// weight[b][i]: the area that voxel b (a unit square) and the beam share, over the beam's width.
void FillBeamSteps(const BeamSteps& beam, const ColumnPanel& panel, FootprintSteps& steps);

/// out[k] += Σ_i output k of step i, k in [0, outputs), outputs ≤ kBlock; out has room for kBlock.
/// Samples outside the panel count as zero. The panel's length is a multiple of 16, its columns
/// begin on cache lines.
///   scratch: panel.length + 2 kFootprintPad numbers.
void AddFootprint(const ColumnPanel& panel, const FootprintSteps& steps, std::int64_t outputs,
                  float* scratch, float* out);

/// The transpose: panel += every step's part of line[k], k in [0, rows). Writes the samples
/// [0, length) of the columns; length ≤ kBlock, a multiple of 16.
///   line: with kFootprintPad zeros before and after.
void SpreadFootprint(const float* line, std::int64_t rows, const FootprintSteps& steps,
                     const ColumnPanel& panel);

/// out[z] += Σ_i the weighted sum of columns, z in [0, length): steps without boxes, for beams in
/// which they are the same at every step and can be done once.
void AddColumns(const ColumnPanel& panel, const FootprintSteps& steps, float* out);

/// The transpose: columns += weight · line[z], z in [0, length).
void SpreadColumns(const float* line, const FootprintSteps& steps, const ColumnPanel& panel);

}  // namespace tomoslab
