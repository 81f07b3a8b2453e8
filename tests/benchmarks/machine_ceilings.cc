#include "tests/benchmarks/machine_ceilings.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/benchmarks/machine_ceilings.cc"
#include <hwy/foreach_target.h>  // compiles this file once per instruction set
// after foreach_target.h
#include <hwy/highway.h>

#include <algorithm>
#include <atomic>

#include "worker/core/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace tomoslab::benchmarks {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Twelve independent chains of multiply-adds: enough to hide their latency. Returns their sum, so
/// that none is optimized away.
float MultiplyAdd(std::int64_t rounds) {
  const hn::CappedTag<float, 16> d;
  constexpr int kChains = 12;
  hn::Vec<decltype(d)> chain[kChains];
  for (int k = 0; k < kChains; ++k) chain[k] = hn::Set(d, static_cast<float>(k));
  const auto factor = hn::Set(d, 0.999f), term = hn::Set(d, 0.001f);
  for (std::int64_t i = 0; i < rounds; ++i) {
    for (int k = 0; k < kChains; ++k) chain[k] = hn::MulAdd(chain[k], factor, term);
  }
  auto sum = chain[0];
  for (int k = 1; k < kChains; ++k) sum = hn::Add(sum, chain[k]);
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

double OperationsPerRound() {
  const hn::CappedTag<float, 16> d;
  return 2.0 * 12 * static_cast<double>(hn::Lanes(d));
}

}  // namespace HWY_NAMESPACE
}  // namespace tomoslab::benchmarks
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tomoslab::benchmarks {

HWY_EXPORT(MultiplyAdd);
HWY_EXPORT(OperationsPerRound);

double RunFmaLoop(std::int64_t rounds) {
  static std::atomic<float> sink;
  ParallelFor(0, ThreadCount(),
              [&](std::int64_t) { sink = HWY_DYNAMIC_DISPATCH(MultiplyAdd)(rounds); });
  return HWY_DYNAMIC_DISPATCH(OperationsPerRound)() * static_cast<double>(rounds) * ThreadCount();
}

void StreamCopy(const float* from, std::int64_t count, float* to) {
  constexpr std::int64_t kPiece = 1 << 18;
  ParallelFor(0, (count + kPiece - 1) / kPiece, [&](std::int64_t piece) {
    const std::int64_t begin = piece * kPiece;
    std::copy(from + begin, from + std::min(count, begin + kPiece), to + begin);
  });
}

}  // namespace tomoslab::benchmarks
#endif  // HWY_ONCE
