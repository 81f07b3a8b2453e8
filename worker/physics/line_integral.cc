#include "worker/physics/line_integral.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "worker/physics/line_integral.cc"
#include <hwy/foreach_target.h>  // compiles this file once per instruction set
// after foreach_target.h
#include <hwy/aligned_allocator.h>
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "worker/core/check.h"
#include "worker/core/parallel.h"

#ifndef TOMOSLAB_LINE_INTEGRAL_TYPES
#define TOMOSLAB_LINE_INTEGRAL_TYPES
namespace tomoslab {

/// Contiguous rays, and the model they see.
struct RayBlock {
  int materials, energies;
  const float* share;
  const float* attenuation_per_mm;  // [energy][material]
  PerMaterial<const float> path_lengths_mm;
  float* line_integrals;
  PerMaterial<float> slopes_per_mm;
  bool with_slopes;
};

}  // namespace tomoslab
#endif

HWY_BEFORE_NAMESPACE();
namespace tomoslab {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));

/// Σ_m μ_m(e) P_m of the rays from `ray`.
HWY_INLINE V Attenuation(const RayBlock& block, int energy, std::int64_t ray) {
  const float* mu = block.attenuation_per_mm + energy * block.materials;
  V sum = hn::Mul(hn::Set(D(), mu[0]), hn::LoadU(D(), block.path_lengths_mm[0] + ray));
  for (int m = 1; m < block.materials; ++m) {
    sum = hn::MulAdd(hn::Set(D(), mu[m]), hn::LoadU(D(), block.path_lengths_mm[m] + ray), sum);
  }
  return sum;
}

/// One vector of rays. scratch: [energy][lane].
HWY_INLINE void EvaluateVector(const RayBlock& block, std::int64_t ray, float* scratch) {
  const D d;
  V least = Attenuation(block, 0, ray);
  hn::Store(least, d, scratch);
  for (int e = 1; e < block.energies; ++e) {
    const V attenuation = Attenuation(block, e, ray);
    hn::Store(attenuation, d, scratch + e * kLanes);
    least = hn::Min(least, attenuation);
  }
  V transmission = hn::Zero(d);  // relative to exp(−least)
  for (int e = 0; e < block.energies; ++e) {
    const V exponent = hn::Sub(least, hn::Load(d, scratch + e * kLanes));
    const V signal = hn::Mul(hn::Set(d, block.share[e]), hn::Exp(d, exponent));
    hn::Store(signal, d, scratch + e * kLanes);
    transmission = hn::Add(transmission, signal);
  }
  if (block.with_slopes) {
    const V per_transmission = hn::Div(hn::Set(d, 1.0f), transmission);
    for (int m = 0; m < block.materials; ++m) {
      V sum = hn::Zero(d);
      for (int e = 0; e < block.energies; ++e) {
        sum = hn::MulAdd(hn::Set(d, block.attenuation_per_mm[e * block.materials + m]),
                         hn::Load(d, scratch + e * kLanes), sum);
      }
      hn::StoreU(hn::Mul(sum, per_transmission), d, block.slopes_per_mm[m] + ray);
    }
  }
  hn::StoreU(hn::Sub(least, hn::Log(d, transmission)), d, block.line_integrals + ray);
}

/// The last rays, fewer than a vector, through padded copies.
void EvaluateRest(const RayBlock& block, std::int64_t begin, std::int64_t end, float* scratch) {
  HWY_ALIGN float path[kMostMaterials][kLanes] = {};
  HWY_ALIGN float slope[kMostMaterials][kLanes];
  HWY_ALIGN float integral[kLanes];
  RayBlock padded = block;
  padded.line_integrals = integral;
  for (int m = 0; m < block.materials; ++m) {
    std::copy(block.path_lengths_mm[m] + begin, block.path_lengths_mm[m] + end, path[m]);
    padded.path_lengths_mm[m] = path[m];
    padded.slopes_per_mm[m] = slope[m];
  }
  EvaluateVector(padded, 0, scratch);
  std::copy(integral, integral + (end - begin), block.line_integrals + begin);
  for (int m = 0; block.with_slopes && m < block.materials; ++m) {
    std::copy(slope[m], slope[m] + (end - begin), block.slopes_per_mm[m] + begin);
  }
}

void EvaluateRays(const RayBlock& block, std::int64_t begin, std::int64_t end) {
  const auto scratch = hwy::AllocateAligned<float>(block.energies * kLanes);
  std::int64_t ray = begin;
  for (; ray + kLanes <= end; ray += kLanes) EvaluateVector(block, ray, scratch.get());
  if (ray < end) EvaluateRest(block, ray, end, scratch.get());
}

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tomoslab {
namespace {

HWY_EXPORT(EvaluateRays);

void EvaluateInParallel(const RayBlock& block, std::int64_t rays) {
  constexpr std::int64_t kRaysPerTask = 4096;
  ParallelFor(0, (rays + kRaysPerTask - 1) / kRaysPerTask, [&](std::int64_t task) {
    HWY_DYNAMIC_DISPATCH(EvaluateRays)
    (block, task * kRaysPerTask, std::min(rays, (task + 1) * kRaysPerTask));
  });
}

}  // namespace

LineIntegral::LineIntegral(const BeamModel& model)
    : materials_(static_cast<int>(model.materials.size())) {
  TOMOSLAB_CHECK(materials_ >= 1 && materials_ <= kMostMaterials);
  for (std::size_t e = 0; e < model.share.size(); ++e) {
    if (!(model.share[e] > 0)) continue;  // would only be a candidate for the weakest attenuation
    share_.push_back(static_cast<float>(model.share[e]));
    for (const BeamMaterial& material : model.materials) {
      attenuation_per_mm_.push_back(static_cast<float>(material.attenuation_per_mm[e]));
    }
  }
  TOMOSLAB_CHECK(!share_.empty());
}

void LineIntegral::Values(std::int64_t rays, const PerMaterial<const float>& path_lengths_mm,
                          float* line_integrals) const {
  EvaluateInParallel({materials_,
                      energies(),
                      share_.data(),
                      attenuation_per_mm_.data(),
                      path_lengths_mm,
                      line_integrals,
                      {},
                      false},
                     rays);
}

void LineIntegral::ValuesAndSlopes(std::int64_t rays,
                                   const PerMaterial<const float>& path_lengths_mm,
                                   float* line_integrals,
                                   const PerMaterial<float>& slopes_per_mm) const {
  EvaluateInParallel({materials_, energies(), share_.data(), attenuation_per_mm_.data(),
                      path_lengths_mm, line_integrals, slopes_per_mm, true},
                     rays);
}

double LineIntegralOf(const BeamModel& model, absl::Span<const double> path_lengths_mm,
                      absl::Span<double> slopes_per_mm) {
  const std::size_t materials = model.materials.size();
  std::vector<double> signal(model.share.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t e = 0; e < signal.size(); ++e) {
    for (std::size_t m = 0; m < materials; ++m) {
      signal[e] += model.materials[m].attenuation_per_mm[e] * path_lengths_mm[m];
    }
    if (model.share[e] > 0) least = std::min(least, signal[e]);
  }
  double transmission = 0;  // relative to exp(−least)
  for (std::size_t e = 0; e < signal.size(); ++e) {
    signal[e] = model.share[e] > 0 ? model.share[e] * std::exp(least - signal[e]) : 0;
    transmission += signal[e];
  }
  for (std::size_t m = 0; m < slopes_per_mm.size(); ++m) {
    slopes_per_mm[m] = 0;
    for (std::size_t e = 0; e < signal.size(); ++e) {
      slopes_per_mm[m] += signal[e] * model.materials[m].attenuation_per_mm[e] / transmission;
    }
  }
  return least - std::log(transmission);
}

}  // namespace tomoslab
#endif  // HWY_ONCE
