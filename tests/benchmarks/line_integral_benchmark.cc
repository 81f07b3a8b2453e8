// What the polychromatic model costs per ray beside its projections.
//   build/bin/benchmarks/line_integral_benchmark
#include <benchmark/benchmark.h>

#include <vector>

#include "worker/core/parallel.h"
#include "worker/physics/line_integral.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kRays = 1 << 20;

BeamModel Model(int energies, int materials) {
  BeamModel model;
  for (int e = 0; e < energies; ++e) {
    model.energy_kev.push_back(20.0 + 12 * e);
    model.share.push_back(1.0 / energies);
  }
  for (int m = 0; m < materials; ++m) {
    BeamMaterial material{"", 0.05 * (m + 1), {}};
    for (double energy : model.energy_kev) {
      material.attenuation_per_mm.push_back((m + 1) * 150 / (energy * energy));
    }
    model.materials.push_back(material);
  }
  return model;
}

// Arguments: energies, materials, threads.
void ValuesAndSlopes(benchmark::State& state) {
  const int materials = static_cast<int>(state.range(1));
  const LineIntegral line_integral(Model(static_cast<int>(state.range(0)), materials));
  SetThreadCount(static_cast<int>(state.range(2)));
  std::vector<std::vector<float>> path(materials, std::vector<float>(kRays, 3.0f)), slope = path;
  std::vector<float> integral(kRays);
  PerMaterial<const float> path_lengths{};
  PerMaterial<float> slopes{};
  for (int m = 0; m < materials; ++m) {
    path_lengths[m] = path[m].data();
    slopes[m] = slope[m].data();
  }
  for (auto _ : state) {
    line_integral.ValuesAndSlopes(kRays, path_lengths, integral.data(), slopes);
    benchmark::DoNotOptimize(integral.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kRays);
}
BENCHMARK(ValuesAndSlopes)
    ->Args({6, 1, 1})
    ->Args({8, 2, 1})
    ->Args({8, 2, 2})
    ->Args({8, 3, 1})
    ->UseRealTime();

}  // namespace
}  // namespace tomoslab

BENCHMARK_MAIN();
