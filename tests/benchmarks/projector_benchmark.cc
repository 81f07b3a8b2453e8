// Voxel-views per second of the projector kernels, beside what the machine can do at most.
//
//   projector_benchmark [size views]… [--benchmark_… options]
// Each size gives a cube of size³ voxels, size² pixels and its number of views; by default
// 256 180 and 512 360. Rates: GUPS = 10⁹ voxels · views per second; per_cpu: the
// same per second of processor time, which hardly depends on who else uses the machine; per_fma:
// GUPS per GFLOP/s of the FMA loop, per_copy: GUPS per GB/s of the stream copy, both as measured in
// the same run.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "tests/benchmarks/benchmark_scan.h"
#include "tests/benchmarks/machine_ceilings.h"
#include "worker/core/parallel.h"
#include "worker/operators/field.h"
#include "worker/operators/ramp_filter.h"
#include "worker/projector/projector.h"
#include "worker/projector/voxel_backproject.h"

namespace tomoslab::benchmarks {
namespace {

double fma_gflops[3] = {}, copy_gbs[3] = {};  // by threads

void Fma(benchmark::State& state, int threads) {
  SetThreadCount(threads);
  double operations = 0;
  for (auto _ : state) operations += RunFmaLoop(1 << 20);
  state.counters["GFLOP/s"] = benchmark::Counter(operations / 1e9, benchmark::Counter::kIsRate);
}

void Copy(benchmark::State& state, int threads) {
  SetThreadCount(threads);
  const std::int64_t count = std::int64_t{1} << 26;  // 256 MB: larger than a share of any cache
  std::vector<float> from(count, 1), to(count);
  double bytes = 0;
  for (auto _ : state) {
    StreamCopy(from.data(), count, to.data());
    bytes += 2.0 * 4 * static_cast<double>(count);
  }
  state.counters["GB/s"] = benchmark::Counter(bytes / 1e9, benchmark::Counter::kIsRate);
}

enum class Kernel { kForward, kBack, kVoxels, kFootprintForward, kFootprintBack };

constexpr ProjectorModel ModelOf(Kernel kernel) {
  return kernel == Kernel::kFootprintForward || kernel == Kernel::kFootprintBack
             ? ProjectorModel::kFootprint
             : ProjectorModel::kJoseph;
}

void RunKernel(benchmark::State& state, Case c, Kernel kernel, int threads) {
  SetThreadCount(threads);
  const Scan scan = ScanOf(c);
  const Volume volume = VolumeOf(c);
  const ProjectionBand band{scan.views, c.size, {0, c.size}};
  std::vector<float> x(volume.VoxelCount(), 1e-3f), y(scan.PixelCount(), 1e-3f);
  const std::clock_t begin = std::clock();
  std::clock_t paused = 0;
  for (auto _ : state) {
    switch (kernel) {
      case Kernel::kForward:
      case Kernel::kFootprintForward:
        Project(ModelOf(kernel), volume, x.data(), band, y.data());
        break;
      case Kernel::kBack:
      case Kernel::kFootprintBack:
        state.PauseTiming();
        paused -= std::clock();
        std::fill(y.begin(), y.end(), 1e-3f);  // it is scratch: without this it grows
        paused += std::clock();
        state.ResumeTiming();
        Backproject(ModelOf(kernel), band, y.data(), volume, x.data());
        break;
      case Kernel::kVoxels:
        BackprojectVoxels(band, y.data(), volume, x.data());
    }
  }
  const double updates = Updates(c) * static_cast<double>(state.iterations()) / 1e9;
  const auto rate = [](double amount) {
    return benchmark::Counter(amount, benchmark::Counter::kIsRate);
  };
  const double cpu_seconds = static_cast<double>(std::clock() - begin - paused) / CLOCKS_PER_SEC;
  state.counters["GUPS"] = rate(updates);
  state.counters["per_cpu"] = updates / cpu_seconds;
  if (fma_gflops[threads] > 0) state.counters["per_fma"] = rate(updates / fma_gflops[threads]);
  if (copy_gbs[threads] > 0) state.counters["per_copy"] = rate(updates / copy_gbs[threads]);
}

/// FDK's filter. Bytes: every number read and written once, as if the transform were free.
void Filter(benchmark::State& state, Case c, int threads) {
  SetThreadCount(threads);
  const Scan scan = ScanOf(c);
  const LocalSum sum;
  Field q(std::int64_t{c.views} * c.size, {0, c.size}, c.size, &sum);
  const RampFilter filter(c.size, scan.detector.pixel_width_mm, {});
  double bytes = 0;
  for (auto _ : state) {
    filter.Apply(q);  // of zeros: it costs what any numbers cost
    bytes += 8.0 * static_cast<double>(q.size());
  }
  state.counters["GB/s"] = benchmark::Counter(bytes / 1e9, benchmark::Counter::kIsRate);
}

/// Prints as usual, and keeps the ceilings for the kernels that follow.
class Reporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) Keep(run);
    ConsoleReporter::ReportRuns(runs);
  }

 private:
  static void Keep(const Run& run) {
    const std::string name = run.benchmark_name();
    const int threads = name.find("2 threads") != std::string::npos ? 2 : 1;
    if (const auto found = run.counters.find("GFLOP/s"); found != run.counters.end()) {
      fma_gflops[threads] = std::max(fma_gflops[threads], found->second.value);
    }
    if (const auto found = run.counters.find("GB/s");
        name.starts_with("stream") && found != run.counters.end()) {
      copy_gbs[threads] = std::max(copy_gbs[threads], found->second.value);
    }
  }
};

std::string Name(const Case& c, const char* kernel, int threads) {
  return std::string(c.beam == Beam::kCone ? "cone " : "parallel ") + std::to_string(c.size) +
         "^3 x " + std::to_string(c.views) + " " + kernel +
         (threads == 1 ? ", 1 thread" : ", 2 threads");
}

void Register(const std::vector<std::pair<int, int>>& sizes) {
  const auto add = [](const std::string& name, auto&& function) {
    benchmark::RegisterBenchmark(name.c_str(), function)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  };
  for (const int threads : {1, 2}) {
    const std::string suffix = threads == 1 ? ", 1 thread" : ", 2 threads";
    add("FMA loop" + suffix, [=](benchmark::State& state) { Fma(state, threads); });
    add("stream copy" + suffix, [=](benchmark::State& state) { Copy(state, threads); });
  }
  for (const auto& [size, views] : sizes) {
    for (const int threads : {1, 2}) {
      const Case c{Beam::kCone, size, views};
      add(Name(c, "filter", threads), [=](benchmark::State& state) { Filter(state, c, threads); });
    }
    for (const Beam beam : {Beam::kCone, Beam::kParallel}) {
      const Case c{beam, size, views};
      for (const int threads : {1, 2}) {
        for (const auto& [kernel, name] : {std::pair{Kernel::kForward, "forward"},
                                           {Kernel::kBack, "back"},
                                           {Kernel::kVoxels, "voxel-driven"},
                                           {Kernel::kFootprintForward, "footprint, forward"},
                                           {Kernel::kFootprintBack, "footprint, back"}}) {
          add(Name(c, name, threads), [=, kernel = kernel](benchmark::State& state) {
            RunKernel(state, c, kernel, threads);
          });
        }
      }
    }
  }
}

}  // namespace
}  // namespace tomoslab::benchmarks

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  std::vector<std::pair<int, int>> sizes;
  for (int i = 1; i + 1 < argc; i += 2)
    sizes.emplace_back(std::atoi(argv[i]), std::atoi(argv[i + 1]));
  if (sizes.empty()) sizes = {{256, 180}, {512, 360}};
  tomoslab::benchmarks::Register(sizes);
  tomoslab::benchmarks::Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
}
