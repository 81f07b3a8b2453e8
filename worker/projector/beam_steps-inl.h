// The footprint steps of a beam, once per instruction set.
#if defined(TOMOSLAB_WORKER_PROJECTOR_BEAM_STEPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TOMOSLAB_WORKER_PROJECTOR_BEAM_STEPS_INL_H_
#undef TOMOSLAB_WORKER_PROJECTOR_BEAM_STEPS_INL_H_
#else
#define TOMOSLAB_WORKER_PROJECTOR_BEAM_STEPS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "worker/projector/footprint_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {
namespace footprint {

/// An edge of a beam as unit squares meet it: the chord that a line parallel to it leaves in the
/// square is `chord` long up to `plateau` from the middle and falls to 0 at `reach`.
struct Edge {
  double plateau, reach, fall, chord;
};
Edge EdgeOf(double slope) {
  const double half = 0.5 * std::max(std::abs(slope), 1e-7);
  const double plateau = std::abs(0.5 - half), reach = 0.5 + half;
  return {plateau, reach, 0.5 / (reach - plateau), 1 / std::max(1.0, 2 * half)};
}
/// The area of the square between its middle and the edge, which crosses it at u: negative on the
/// low side.
HWY_INLINE double AreaTo(double u, const Edge& edge) {
  const double distance = std::min(std::abs(u), edge.reach);
  const double falling = std::max(distance - edge.plateau, 0.0);
  return std::copysign((distance - falling * falling * edge.fall) * edge.chord, u);
}

void FillBeamSteps(const BeamSteps& beam, const ColumnPanel& panel, FootprintSteps& s) {
  const BeamSteps line = beam;
  const Edge low_edge = EdgeOf(line.low_step), high_edge = EdgeOf(line.high_step);
  const double reach = 0.5 - 0.5 * std::abs(line.low_step),
               last = static_cast<double>(line.last_columns);
  const auto stride = static_cast<std::int32_t>(panel.neighbour_stride);
  const auto length = static_cast<std::int32_t>(panel.length);
  const auto plane = static_cast<std::int32_t>(line.plane);
  s.count = line.count;
  s.columns = line.columns;
  alignas(64) double low[ColumnSteps::kCapacity], high[ColumnSteps::kCapacity],
      inverse_width[ColumnSteps::kCapacity];
#pragma GCC ivdep
  for (int i = 0; i < line.count; ++i) {
    const double at = line.low + i * line.low_step, to = line.high + i * line.high_step;
    const double first = std::min(std::max(std::floor(at + reach), 0.0), last);
    low[i] = at - first;
    high[i] = to - first;
    inverse_width[i] = 1 / (to - at);
    s.offset[i] = static_cast<std::int32_t>(first) * stride + (plane + i) * length;
    s.start[i] = line.start + i * line.start_step;
    s.step[i] = line.step + i * line.step_step;
  }
  for (int b = 0; b < line.columns; ++b) {
    float* HWY_RESTRICT weight = s.weight[b];
#pragma GCC ivdep
    for (int i = 0; i < line.count; ++i) {
      const double area = AreaTo(high[i] - b, high_edge) - AreaTo(low[i] - b, low_edge);
      weight[i] = static_cast<float>(area * inverse_width[i]);
    }
  }
}

}  // namespace footprint
}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#endif
