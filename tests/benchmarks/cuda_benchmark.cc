// Voxel-views per second of the CUDA kernels, beside what the GPU can do at most.
//
//   cuda_benchmark [SIZE VIEWS]…      a cube of SIZE³ voxels, SIZE² pixels, cone beam; default 512
//   720
// GUPS = 10⁹ voxels · views per second. "kernel": on the GPU alone, a batch of views at a time;
// "whole": a LocalProjector, with the copies of the volume and of every batch. Medians of 10 runs.
// Without a GPU it says why, and ends with 0.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "tests/benchmarks/benchmark_scan.h"
#include "tests/benchmarks/cuda_ceilings.h"
#include "worker/core/cuda_memory.h"
#include "worker/projector/cuda_kernels.h"
#include "worker/projector/device_views.h"
#include "worker/projector/local_projector.h"

namespace tomoslab::benchmarks {
namespace {

constexpr int kRuns = 10;
constexpr std::int64_t kBatchViews = 32;

/// The median of kRuns, after one run that does not count, s.
double MedianSeconds(const std::function<void()>& run) {
  std::vector<double> seconds;
  for (int i = -1; i < kRuns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    CudaCheck(cudaDeviceSynchronize(), "the benchmark");
    if (i >= 0)
      seconds.push_back(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + kRuns / 2, seconds.end());
  return seconds[kRuns / 2];
}

template <class T>
DeviceArray<T> Allocate(std::int64_t count) {
  auto array = DeviceArray<T>::Create(count, "the benchmark");
  if (!array.ok()) {
    std::printf("%s\n", std::string(array.status().message()).c_str());
    std::exit(1);
  }
  return *std::move(array);
}

template <class T>
DeviceArray<T> Upload(const std::vector<T>& values) {
  DeviceArray<T> array = Allocate<T>(static_cast<std::int64_t>(values.size()));
  CudaCheck(
      cudaMemcpy(array.data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice),
      "a copy");
  return array;
}

struct Ceilings {
  double fma_tflops, copy_gbs;
};

Ceilings MeasureCeilings() {
  const DeviceArray<float> out = Allocate<float>(FmaThreads());
  double operations = 0;
  const double fma_s =
      MedianSeconds([&] { operations = LaunchFmaLoop(1 << 14, out.data(), nullptr); });
  const std::int64_t bytes = std::int64_t{1} << 30;
  const DeviceArray<char> from = Allocate<char>(bytes), to = Allocate<char>(bytes);
  const double copy_s = MedianSeconds([&] {
    CudaCheck(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice), "a copy");
  });
  return {operations / fma_s / 1e12, 2.0 * static_cast<double>(bytes) / copy_s / 1e9};
}

/// The kernels alone, on one batch of views from the middle of the scan.
void MeasureKernels(Case c) {
  const Scan scan = ScanOf(c);
  const Volume volume = VolumeOf(c);
  const std::int64_t views = std::min<std::int64_t>(kBatchViews, c.views);
  const ProjectionBand band{
      absl::MakeConstSpan(scan.views).subspan(c.views / 7, views), c.size, {0, c.size}};
  const DeviceViews made = MakeDeviceViews(volume, band);
  const auto columns = Upload(made.columns);
  const auto maps = Upload(made.maps);
  const auto x = Upload(std::vector<float>(volume.VoxelCount(), 1e-3f));
  const auto y = Upload(std::vector<float>(band.size(), 1e-3f));
  const device::Views on_gpu{made.band, columns.data(), maps.data()};
  const double updates =
      static_cast<double>(volume.VoxelCount()) * static_cast<double>(views) / 1e9;
  const auto print = [&](const char* name, const std::function<void()>& run) {
    std::printf("%-36s %8.1f GUPS\n", name, updates / MedianSeconds(run));
  };
  print("kernel: forward",
        [&] { device::LaunchProject(made.slab, x.data(), on_gpu, y.data(), nullptr); });
  print("kernel: back (exact adjoint)", [&] {
    device::LaunchBackproject(made.slab, on_gpu, y.data(), x.data(), nullptr);
    CudaCheck(cudaMemsetAsync(y.data(), 0, band.size() * sizeof(float)), "clearing");  // it grows
  });
  print("kernel: back (voxel-driven)", [&] {
    device::LaunchBackprojectVoxelDriven(made.slab, on_gpu, y.data(), x.data(), nullptr);
  });
}

/// All views through the interface that jobs use.
void MeasureWhole(const Device& gpu, Case c) {
  const Scan scan = ScanOf(c);
  const Volume volume = VolumeOf(c);
  auto made = MakeCudaProjector(gpu, volume, ProjectorModel::kJoseph, {c.size, c.size});
  if (!made.ok()) {
    std::printf("%s\n", std::string(made.status().message()).c_str());
    return;
  }
  LocalProjector& projector = **made;
  std::vector<float> x(volume.VoxelCount(), 1e-3f), y(scan.PixelCount(), 1e-3f);
  const double updates = Updates(c) / 1e9;
  const auto for_batches = [&](auto&& visit) {
    for (std::int64_t first = 0; first < c.views; first += kBatchViews) {
      const ProjectionBand band{
          absl::MakeConstSpan(scan.views).subspan(first, kBatchViews), c.size, {0, c.size}};
      visit(band, y.data() + first * c.size * c.size);
    }
  };
  const auto print = [&](const char* name, const std::function<void()>& run) {
    std::printf("%-36s %8.1f GUPS\n", name, updates / MedianSeconds(run));
  };
  print("whole: forward", [&] {
    projector.BeginProjection(x.data());
    for_batches([&](const ProjectionBand& band, float* of) { projector.Project(band, of); });
  });
  std::fill(y.begin(), y.end(), 1e-3f);
  print("whole: back (exact adjoint)", [&] {
    projector.BeginBackprojection(x.data());
    for_batches([&](const ProjectionBand& band, float* of) { projector.Backproject(band, of); });
    projector.FinishBackprojection();
  });
  print("whole: back (voxel-driven)", [&] {
    projector.BeginBackprojection(x.data());
    for_batches([&](const ProjectionBand& band, const float* of) {
      projector.BackprojectVoxels(band, of);
    });
    projector.FinishBackprojection();
  });
}

int Run(const std::vector<Case>& cases) {
  const absl::StatusOr<std::vector<Device>> gpus = CudaDevices();
  if (!gpus.ok()) {
    std::printf("nothing measured: %s\n", std::string(gpus.status().message()).c_str());
    return 0;
  }
  const Device& gpu = gpus->front();
  CudaCheck(cudaSetDevice(gpu.index), "choosing the GPU");
  const Ceilings ceilings = MeasureCeilings();
  std::printf("%s\nFMA loop %.1f TFLOP/s, copy %.0f GB/s\n", gpu.ToString().c_str(),
              ceilings.fma_tflops, ceilings.copy_gbs);
  for (const Case& c : cases) {
    std::printf("\n%d³ voxels, %d² pixels, %d views, cone beam\n", c.size, c.size, c.views);
    MeasureKernels(c);
    MeasureWhole(gpu, c);
  }
  return 0;
}

}  // namespace
}  // namespace tomoslab::benchmarks

int main(int argc, char** argv) {
  using tomoslab::benchmarks::Case;
  std::vector<Case> cases;
  for (int i = 1; i + 1 < argc; i += 2) {
    const int size = std::atoi(argv[i]), views = std::atoi(argv[i + 1]);
    if (size < 1 || size > 4096 || views < 1 || views > 20000) {
      std::fprintf(stderr, "cuda_benchmark [SIZE VIEWS]…: sizes 1 to 4096, views 1 to 20000\n");
      return 2;
    }
    cases.push_back({.beam = tomoslab::Beam::kCone, .size = size, .views = views});
  }
  if (cases.empty()) cases.push_back({.beam = tomoslab::Beam::kCone, .size = 512, .views = 720});
  return tomoslab::benchmarks::Run(cases);
}
