// Voxel-views per second of the projectors where rays are general: tilted axes, rotated detectors,
// measured vectors, steep cones and thin slabs, beside the fast path on the untilted geometry.
//
//   general_rays_benchmark [size views] [--benchmark_… options]
// A cube of size³ voxels, size² pixels; by default 256 60. GUPS = 10⁹ voxels · views per second;
// per_cpu: the same per second of processor time.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <numbers>
#include <string>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/geometry/scan.h"
#include "worker/projector/joseph.h"

namespace tomoslab::benchmarks {
namespace {

struct Problem {
  std::string name;
  Scan scan;
  Volume volume;
};

Volume Cube(int size, int slices) {
  return {.columns = size,
          .rows = size,
          .slices = slices,
          .voxel_width_mm = 1,
          .voxel_height_mm = 1,
          .center_mm = {}};
}

/// Magnification 2, pixels as large as voxels at the axis, `distance` volume widths from source to
/// axis.
Scan ConeScan(int size, int rows, int views, double distance, double detector_rotation_rad) {
  CircularOrbit orbit;
  orbit.source_object_distance_mm = distance * size;
  orbit.source_detector_distance_mm = 2 * distance * size;
  orbit.detector_rotation_rad = detector_rotation_rad;
  for (int view = 0; view < views; ++view) {
    orbit.angle_rad.push_back(2 * std::numbers::pi * view / views);
  }
  return *MakeCircularScan(
      {.rows = rows, .columns = size, .pixel_width_mm = 2, .pixel_height_mm = 2}, orbit);
}

/// The whole scan turned about the x axis: the rotation axis leaves the volume's.
Scan Tilted(Scan scan, double angle_rad) {
  const double c = std::cos(angle_rad), s = std::sin(angle_rad);
  const auto turn = [=](Vec3 v) { return Vec3{v.x, c * v.y - s * v.z, s * v.y + c * v.z}; };
  for (View& view : scan.views) {
    view = {view.beam, turn(view.source), turn(view.corner), turn(view.column_step),
            turn(view.row_step)};
  }
  return scan;
}

/// A helix whose detector and source are each a little off in every view.
Scan Measured(Scan scan) {
  const auto views = static_cast<double>(scan.views.size());
  for (std::size_t i = 0; i < scan.views.size(); ++i) {
    View& view = scan.views[i];
    const double phase = 11 * static_cast<double>(i) / views;
    const Vec3 up{0, 0, 40 * (static_cast<double>(i) / views - 0.5)};
    view.source = view.source + up + Vec3{0.4 * std::sin(phase), 0, 0.3 * std::cos(phase)};
    view.corner = view.corner + up;
    view.column_step = view.column_step + Vec3{0.02, -0.01, 0.04 * std::cos(phase)};
    view.row_step = view.row_step + Vec3{0.04 * std::sin(phase), 0.03, 0.01};
  }
  return scan;
}

std::vector<Problem> Problems(int size, int views) {
  const double degree = std::numbers::pi / 180;
  const Volume cube = Cube(size, size);
  const Scan plain = ConeScan(size, size, views, 4, 0);
  std::vector<Problem> problems = {
      {"untilted (fast path)", plain, cube},
      {"axis tilted by 5 deg", Tilted(plain, 5 * degree), cube},
      {"axis tilted by 30 deg", Tilted(plain, 30 * degree), cube},
      {"detector rotated by 10 deg", ConeScan(size, size, views, 4, 10 * degree), cube},
      {"measured vectors", Measured(plain), cube},
      {"steep cone", ConeScan(size, 3 * size, views, 0.75, 0), cube}};
  for (const int slices : {2, 4, 8, 16}) {
    problems.push_back({std::to_string(slices) + " slices", ConeScan(size, slices + 2, views, 4, 0),
                        Cube(size, slices)});
  }
  return problems;
}

enum class Kernel { kForward, kBack };

void Project(benchmark::State& state, const Problem& problem, Kernel kernel, int threads) {
  SetThreadCount(threads);
  const ProjectionBand band{
      problem.scan.views, problem.scan.detector.columns, {0, problem.scan.detector.rows}};
  std::vector<float> x(problem.volume.VoxelCount(), 1e-3f), y(band.size(), 1e-3f);
  double cpu_seconds = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::fill(y.begin(), y.end(), 1e-3f);  // it is scratch: without this it grows
    state.ResumeTiming();
    const std::clock_t begin = std::clock();
    if (kernel == Kernel::kForward) {
      ProjectJoseph(problem.volume, x.data(), band, y.data());
    } else {
      BackprojectJoseph(band, y.data(), problem.volume, x.data());
    }
    cpu_seconds += static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  }
  const double updates = static_cast<double>(problem.volume.VoxelCount()) *
                         static_cast<double>(band.views.size()) *
                         static_cast<double>(state.iterations()) / 1e9;
  state.counters["GUPS"] = benchmark::Counter(updates, benchmark::Counter::kIsRate);
  state.counters["per_cpu"] = updates / cpu_seconds;
}

}  // namespace
}  // namespace tomoslab::benchmarks

int main(int argc, char** argv) {
  using namespace tomoslab::benchmarks;
  benchmark::Initialize(&argc, argv);
  const int size = argc > 2 ? std::atoi(argv[1]) : 256, views = argc > 2 ? std::atoi(argv[2]) : 60;
  const std::vector<Problem> problems = Problems(size, views);
  for (const Problem& problem : problems) {
    for (const int threads : {1, 2}) {
      for (const Kernel kernel : {Kernel::kForward, Kernel::kBack}) {
        const std::string name = problem.name +
                                 (kernel == Kernel::kForward ? ", forward" : ", back") +
                                 (threads == 1 ? ", 1 thread" : ", 2 threads");
        benchmark::RegisterBenchmark(
            name.c_str(),
            [=, &problem](benchmark::State& state) { Project(state, problem, kernel, threads); })
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond);
      }
    }
  }
  benchmark::RunSpecifiedBenchmarks();
}
