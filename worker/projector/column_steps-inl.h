// The steps that kernels take, from geometry, once per instruction set.
#if defined(TOMOSLAB_WORKER_PROJECTOR_COLUMN_STEPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TOMOSLAB_WORKER_PROJECTOR_COLUMN_STEPS_INL_H_
#undef TOMOSLAB_WORKER_PROJECTOR_COLUMN_STEPS_INL_H_
#else
#define TOMOSLAB_WORKER_PROJECTOR_COLUMN_STEPS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "worker/projector/column_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {

void FillSteps(const StraightSteps& straight, const ColumnPanel& panel, ColumnSteps& s) {
  const StraightSteps line = straight;
  s.count = line.count;
  const double last = static_cast<double>(line.columns - 1);
  const auto stride = static_cast<std::int32_t>(panel.neighbour_stride);
  const auto length = static_cast<std::int32_t>(panel.length);
  const auto plane = static_cast<std::int32_t>(line.plane);
#pragma GCC ivdep
  for (int i = 0; i < line.count; ++i) {
    const double lateral = line.lateral + i * line.lateral_step;
    const double column = std::min(std::max(std::floor(lateral), 0.0), last);
    const auto high = static_cast<float>(lateral - column);
    s.high[i] = high;
    s.low[i] = 1 - high;
    s.offset[i] = static_cast<std::int32_t>(column) * stride + (plane + i) * length;
    s.start[i] = line.start + i * line.start_step;
    s.step[i] = line.step + i * line.step_step;
  }
}

void FillVoxelSteps(const VoxelSteps& v, double ix, double iy, const ColumnPanel& panel,
                    ColumnSteps& s) {
  s.count = v.count;
  const auto length = static_cast<std::int32_t>(panel.length);
#pragma GCC ivdep
  for (int i = 0; i < v.count; ++i) {
    const double scale = 1 / (v.depth[i] + v.depth_x[i] * ix + v.depth_y[i] * iy);
    const double at =
        (v.column[i] + v.column_x[i] * ix + v.column_y[i] * iy) * scale - v.first_column[i];
    const double column = std::min(std::max(std::floor(at), 0.0), v.last_column[i]);
    const auto weight = static_cast<float>(scale * scale),
               high = static_cast<float>(at - column) * weight;
    s.high[i] = high;
    s.low[i] = weight - high;
    s.offset[i] = v.offset[i] + static_cast<std::int32_t>(column) * length;
    s.start[i] = (v.row[i] + v.row_x[i] * ix + v.row_y[i] * iy) * scale - v.first_row[i];
    s.step[i] = v.row_z[i] * scale;
  }
}

void FillTentSteps(const TentSteps& v, double ix, double iy, const ColumnPanel& panel,
                   ColumnSteps& s) {
  s.count = v.count;
  const auto length = static_cast<std::int32_t>(panel.length);
#pragma GCC ivdep
  for (int i = 0; i < v.count; ++i) {
    const double at = v.column[i] + v.column_x[i] * ix + v.column_y[i] * iy;
    const double column = std::min(std::max(std::floor(at), v.least[i]), v.most[i]) + v.shift[i];
    const double low = 1 - v.spacing[i] * std::abs(column - at);
    const double high = 1 - v.spacing[i] * std::abs(column + 1 - at);
    s.low[i] = static_cast<float>(v.weight[i] * std::max(low, 0.0));
    s.high[i] = static_cast<float>(v.weight[i] * std::max(high, 0.0));
    s.offset[i] = v.offset[i] + static_cast<std::int32_t>(column) * length;
  }
}

void ScaleByHypotenuse(double planar, double first, double step, double scale, std::int64_t count,
                       float* y) {
  const auto rows = static_cast<int>(count);
  for (int k = 0; k < rows; ++k) {
    const double z = first + k * step;
    y[k] *= static_cast<float>(std::sqrt(planar + z * z) * scale);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#endif
