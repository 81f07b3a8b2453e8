#include "worker/projector/ray_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/projector/ray_kernels.cc"
#include <hwy/foreach_target.h>  // compiles this file once per instruction set
// after foreach_target.h
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "worker/projector/fixed_rays-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {

/// One vector of rays, from ray `v` on, through `planes` planes; returns the sums.
template <int kTables>
V AddVector(const RayPanel& panel, int plane, int planes, int v, const FixedRays& fixed,
            Bounds lateral_bounds, Bounds along_bounds) {
  const D d;
  const DI di;
  VI lateral = hn::Load(di, fixed.lateral + v), along = hn::Load(di, fixed.along + v);
  const VI lateral_step = hn::Load(di, fixed.lateral_step + v),
           along_step = hn::Load(di, fixed.along_step + v);
  const float* HWY_RESTRICT samples = panel.samples + plane * panel.plane_stride;
  const int last_table = std::max(panel.alongs + 1, kShortestLine) - kTables * kLanes;
  V sum = hn::Zero(d);
  for (int j = 0; j < planes; ++j, samples += panel.plane_stride) {
    const int lowest = along_bounds.Lowest(), highest = along_bounds.Highest();
    const int c_begin = std::max(lateral_bounds.Lowest(), 0),
              c_last = std::min(lateral_bounds.Highest(), panel.laterals - 1);
    if (highest >= 0 && lowest < panel.alongs && c_begin <= c_last) {
      VI column = hn::ShiftRight<24>(lateral);
      const VI sample = hn::ShiftRight<24>(along);
      if (lowest < 0 || highest >= panel.alongs) {
        const auto inside =
            hn::And(hn::Gt(sample, hn::Set(di, -1)), hn::Lt(sample, hn::Set(di, panel.alongs)));
        column = hn::IfThenElse(inside, column, hn::Set(di, -2));
      }
      const int table = std::clamp(lowest, 0, last_table);
      const VI k = hn::Sub(sample, hn::Set(di, table));
      const VI above = hn::Add(k, hn::Set(di, 1));
      const V fraction = FractionOf(along);
      const float* HWY_RESTRICT at = samples + c_begin * panel.lateral_stride + table;
      const auto resample = [&]() HWY_ATTR {
        V tables[kTables];
        for (int t = 0; t < kTables; ++t) tables[t] = hn::LoadU(d, at + t * kLanes);
        at += panel.lateral_stride;
        const V lower = LookupIn<kTables>(tables, k), upper = LookupIn<kTables>(tables, above);
        return hn::MulAdd(fraction, hn::Sub(upper, lower), lower);
      };
      const auto where = [&](int c)
                             HWY_ATTR { return hn::RebindMask(d, hn::Eq(column, hn::Set(di, c))); };
      M here = where(c_begin);
      V left = hn::IfThenElseZero(here, resample()), right = hn::Zero(d);
      for (int c = c_begin + 1; c <= c_last; ++c) {
        const V value = resample();
        right = hn::IfThenElse(here, value, right);
        here = where(c);
        left = hn::IfThenElse(here, value, left);
      }
      right = hn::IfThenElse(here, resample(), right);
      sum = hn::Add(sum, hn::MulAdd(FractionOf(lateral), hn::Sub(right, left), left));
    }
    lateral = hn::Add(lateral, lateral_step);
    along = hn::Add(along, along_step);
    lateral_bounds.Advance();
    along_bounds.Advance();
  }
  return sum;
}

/// Planes [begin, end) of one ray, for lines too sparse or too irregular for a vector.
float AddRay(const RayPanel& panel, int begin, int end, const Rays& rays, int i) {
  float sum = 0;
  for (int j = begin; j < end; ++j) {
    const double lateral = rays.lateral[i] + j * rays.lateral_slope[i];
    const double along = rays.along[i] + j * rays.along_slope[i];
    if (!(lateral >= 0 && lateral < panel.laterals && along >= 0 && along < panel.alongs)) continue;
    const auto c = static_cast<int>(lateral), k = static_cast<int>(along);
    const auto fc = static_cast<float>(lateral - c), fk = static_cast<float>(along - k);
    const float* a = panel.samples + c * panel.lateral_stride + j * panel.plane_stride + k;
    const float* b = a + panel.lateral_stride;
    const float left = a[0] + fk * (a[1] - a[0]), right = b[0] + fk * (b[1] - b[0]);
    sum += left + fc * (right - left);
  }
  return sum;
}

void AddRays(const RayPanel& panel, const RayLine& line, int first, int count, float* sums) {
  const D d;
  Rays rays;
  FixedRays fixed;
  Describe(line, first, count, rays);
  alignas(64) float result[16] = {};
  for (int plane = 0; plane < panel.planes; plane += kPlanes) {
    const int planes = std::min(kPlanes, panel.planes - plane);
    const int lanes = (count + kLanes - 1) / kLanes * kLanes;
    for (int i = count; i < lanes; ++i) rays.used[i] = 0;
    Fix(rays, plane, lanes, fixed);
    for (int v = 0; v < count; v += kLanes) {
      const Ends ends(fixed, v, v + kLanes);
      if (ends.empty()) continue;
      const Bounds lateral(fixed.lateral, fixed.lateral_step, ends),
          along(fixed.along, fixed.along_step, ends);
      const double tables = (along.Spread(planes) + 3) / kLanes;
      if (!rays.one_way || kLanes < 4 || tables > 4) {
        for (int i = ends.first; i <= ends.last; ++i) {
          if (rays.used[i] != 0) result[i] += AddRay(panel, plane, plane + planes, rays, i);
        }
        continue;
      }
      const V sum = tables <= 2 ? AddVector<2>(panel, plane, planes, v, fixed, lateral, along)
                                : AddVector<4>(panel, plane, planes, v, fixed, lateral, along);
      hn::Store(hn::Add(hn::Load(d, result + v), sum), d, result + v);
    }
  }
  for (int i = 0; i < count; ++i) sums[i] += result[i];
}

/// visit(i, whether the ray's main axis is z, |direction| in mm, |direction| on the main axis).
template <class Visit>
HWY_INLINE void ForLengths(const RayLine& line, const double* pitch_mm, int first, int count,
                           Visit&& visit) {
#pragma GCC ivdep
  for (int i = 0; i < count; ++i) {
    const double n = first + i;
    const double x = line.direction[0] + n * line.direction_step[0];
    const double y = line.direction[1] + n * line.direction_step[1];
    const double z = line.direction[2] + n * line.direction_step[2];
    const double first_two =
        std::max(std::abs(x) * line.precedence[0], std::abs(y) * line.precedence[1]);
    const double last = std::abs(z) * line.precedence[2];
    const double x_mm = x * pitch_mm[0], y_mm = y * pitch_mm[1], z_mm = z * pitch_mm[2];
    // Precedences differ from 1 by 1e-9: no matter for a length.
    visit(i, last > first_two, std::sqrt(x_mm * x_mm + y_mm * y_mm + z_mm * z_mm),
          std::max(first_two, last));
  }
}

void ScaleByLength(const RayLine& line, const double* pitch_mm, RaySet set, int first, int count,
                   float* HWY_RESTRICT y) {
  const bool all = set == RaySet::kAll;
  ForLengths(line, pitch_mm, first, count,
             [=](int i, bool along_z, double length, double main) HWY_ATTR {
               const auto scale = static_cast<float>(length / main);
               y[i] *= all | along_z ? scale : 1.0f;
             });
}

void ClearRays(const RayLine& line, RaySet set, int first, int count, float* HWY_RESTRICT y) {
  const bool all = set == RaySet::kAll;
  const double pitch[3] = {1, 1, 1};
  ForLengths(line, pitch, first, count, [=](int i, bool along_z, double, double) HWY_ATTR {
    y[i] = all | along_z ? 0.0f : y[i];
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tomoslab {

HWY_EXPORT(AddRays);
HWY_EXPORT(ScaleByLength);
HWY_EXPORT(ClearRays);

void AddRays(const RayPanel& panel, const RayLine& line, int first, int count, float* sums) {
  HWY_DYNAMIC_DISPATCH(AddRays)(panel, line, first, count, sums);
}
void ScaleByLength(const RayLine& line, const std::array<double, 3>& pitch_mm, RaySet set,
                   int first, int count, float* y) {
  HWY_DYNAMIC_DISPATCH(ScaleByLength)(line, pitch_mm.data(), set, first, count, y);
}
void ClearRays(const RayLine& line, RaySet set, int first, int count, float* y) {
  HWY_DYNAMIC_DISPATCH(ClearRays)(line, set, first, count, y);
}

}  // namespace tomoslab
#endif  // HWY_ONCE
