// What the benchmarks of accelerators share: their clock and their arguments.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <optional>
#include <vector>

#include "tests/benchmarks/benchmark_scan.h"
#include "worker/core/accelerator.h"

namespace tomoslab::benchmarks {

constexpr int kRuns = 10;

inline double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

/// The median of kRuns, after one run that does not count, s.
inline double MedianSeconds(Accelerator& gpu, const std::function<void()>& run) {
  std::vector<double> seconds;
  for (int i = -1; i < kRuns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    gpu.Wait(Queue::kCompute);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (i >= 0) seconds.push_back(took.count());
  }
  return Median(seconds);
}

/// "SIZE", "VIEWS": a cone beam's; nothing when they are out of range.
inline std::optional<Case> CaseOf(const char* size, const char* views) {
  const Case c{.beam = Beam::kCone, .size = std::atoi(size), .views = std::atoi(views)};
  if (c.size < 1 || c.size > 4096 || c.views < 1 || c.views > 20000) return std::nullopt;
  return c;
}

}  // namespace tomoslab::benchmarks
