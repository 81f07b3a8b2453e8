// Voxel-views per second of the CUDA kernels, beside what the GPU can do at most.
//
//   cuda_benchmark [SIZE VIEWS]…      a cube of SIZE³ voxels, SIZE² pixels, cone beam; default 512
//   720
// GUPS = 10⁹ voxels · views per second. "joseph", "footprint": everything on the GPU, as resident
// jobs have it; "streamed": the volume in host memory, in pieces through the GPU. Medians of 10
// runs. Without a GPU it says why, and ends with 0.
#include <chrono>
#include <cstdio>
#include <functional>
#include <vector>

#include "tests/benchmarks/benchmark_scan.h"
#include "tests/benchmarks/cuda_ceilings.h"
#include "tests/benchmarks/device_runs.h"
#include "worker/distributed/distributed_projector.h"
#include "worker/projector/local_projector.h"
#include "worker/solvers/barzilai_borwein.h"

namespace tomoslab::benchmarks {
namespace {

constexpr std::int64_t kBatchViews = 32;

struct Ceilings {
  double fma_tflops, copy_gbs;
};

Ceilings MeasureCeilings(Accelerator& gpu) {
  const auto stream = static_cast<cudaStream_t>(gpu.stream(Queue::kCompute));
  const DeviceArray<float> out(&gpu, FmaThreads(), "the benchmark");
  double operations = 0;
  const double fma_s =
      MedianSeconds(gpu, [&] { operations = LaunchFmaLoop(1 << 14, out.data(), stream); });
  const std::int64_t bytes = std::int64_t{1} << 30;
  const DeviceArray<char> from(&gpu, bytes, "the benchmark"), to(&gpu, bytes, "the benchmark");
  const double copy_s = MedianSeconds(
      gpu, [&] { gpu.CopyWithin(from.data(), to.data(), {.width = bytes}, Queue::kCompute); });
  return {operations / fma_s / 1e12, 2.0 * static_cast<double>(bytes) / copy_s / 1e9};
}

/// Everything on the GPU, all views, a batch at a time.
void MeasureKernels(Accelerator& gpu, Case c, ProjectorModel model) {
  const Scan scan = ScanOf(c);
  const Volume volume = VolumeOf(c);
  const auto projector = MakeDeviceProjector(&gpu, volume, model);
  const DeviceArray<float> x(&gpu, volume.VoxelCount(), "the benchmark"),
      y(&gpu, std::int64_t{kBatchViews} * c.size * c.size, "the benchmark");
  gpu.Clear(x.data(), BytesOf<float>(x.count()), Queue::kCompute);
  const auto for_batches = [&](auto&& visit) {
    for (std::int64_t first = 0; first < c.views; first += kBatchViews) {
      visit(ProjectionBand{
          absl::MakeConstSpan(scan.views).subspan(first, kBatchViews), c.size, {0, c.size}});
    }
  };
  const auto print = [&](const char* name, const std::function<void()>& run) {
    std::printf("%-9s %-28s %8.1f GUPS\n",
                model == ProjectorModel::kJoseph ? "joseph" : "footprint", name,
                Updates(c) / 1e9 / MedianSeconds(gpu, run));
  };
  print("forward", [&] {
    projector->BeginProjection(x.data());
    for_batches([&](const ProjectionBand& band) { projector->Project(band, y.data()); });
  });
  print("back (exact adjoint)", [&] {
    gpu.Clear(y.data(), BytesOf<float>(y.count()), Queue::kCompute);  // it grows
    projector->BeginBackprojection(x.data());
    for_batches([&](const ProjectionBand& band) { projector->Backproject(band, y.data()); });
    projector->FinishBackprojection();
  });
  if (model == ProjectorModel::kFootprint) return;
  print("back (voxel-driven)", [&] {
    projector->BeginBackprojection(x.data());
    for_batches([&](const ProjectionBand& band) { projector->BackprojectVoxels(band, y.data()); });
    projector->FinishBackprojection();
  });
}

/// The slab in host memory, in pieces through a quarter of its size.
void MeasureStreamed(Accelerator& gpu, Case c) {
  const Scan scan = ScanOf(c);
  const Volume volume = VolumeOf(c);
  std::vector<float> x(volume.VoxelCount(), 1e-3f), y(scan.PixelCount(), 1e-3f);
  const std::int64_t bytes = BytesOf<float>(volume.VoxelCount()) / 4 + (std::int64_t{1} << 30);
  const auto projector =
      MakeStreamedProjector(&gpu, volume, ProjectorModel::kJoseph, bytes, {c.size, c.size});
  const ProjectionBand all{scan.views, c.size, {0, c.size}};
  const auto print = [&](const char* name, const std::function<void()>& run) {
    std::printf("%-9s %-28s %8.1f GUPS\n", "streamed", name,
                Updates(c) / 1e9 / MedianSeconds(gpu, run));
  };
  print("forward", [&] {
    projector->BeginProjection(x.data());
    projector->Project(all, y.data());
  });
  print("back (exact adjoint)", [&] {
    projector->BeginBackprojection(x.data());
    projector->Backproject(all, y.data());
    projector->FinishBackprojection();
  });
}

/// BB on one rank: how much of an iteration its two projections are.
void MeasureIteration(Accelerator& gpu, Case c) {
  const Communicator alone = Communicator::Alone();
  DistributedProjector A(ScanOf(c), VolumeOf(c), &alone);
  if (!A.ComputeOn({.placement = Placement::kResident, .accelerator = &gpu}).ok()) return;
  Field x = A.NewVolume(), b = A.NewProjections();
  Fill(1e-3, x);
  A.Project(x, b);
  Fill(0, x);
  std::vector<double> seconds, shares;
  auto start = std::chrono::steady_clock::now();
  BarzilaiBorwein(A, b, {.stopping = {.iterations = kRuns}}, x,
                  [&](const Progress& progress, const Field&) {
                    gpu.Wait(Queue::kCompute);
                    const auto now = std::chrono::steady_clock::now();
                    const double all_s = std::chrono::duration<double>(now - start).count();
                    const PhaseTotals totals = A.Take();
                    if (progress.iteration > 0) {
                      seconds.push_back(all_s);
                      shares.push_back((totals.projection_s + totals.backprojection_s) / all_s);
                    }
                    start = now;
                    return false;
                  });
  std::printf("BB iteration %.3f s, %.1f %% of it in the two projections (required: 90)\n",
              Median(seconds), 100 * Median(shares));
}

int Run(const std::vector<Case>& cases) {
  const absl::StatusOr<std::vector<Device>> gpus = CudaDevices();
  if (!gpus.ok()) {
    std::printf("nothing measured: %s\n", std::string(gpus.status().message()).c_str());
    return 0;
  }
  auto opened = Accelerator::Open(gpus->front());
  if (!opened.ok()) {
    std::printf("%s\n", std::string(opened.status().message()).c_str());
    return 1;
  }
  Accelerator& gpu = **opened;
  const Ceilings ceilings = MeasureCeilings(gpu);
  std::printf("%s\nFMA loop %.1f TFLOP/s, copy %.0f GB/s\n", gpu.device().ToString().c_str(),
              ceilings.fma_tflops, ceilings.copy_gbs);
  for (const Case& c : cases) {
    std::printf("\n%d³ voxels, %d² pixels, %d views, cone beam\n", c.size, c.size, c.views);
    try {
      for (const ProjectorModel model : {ProjectorModel::kJoseph, ProjectorModel::kFootprint})
        MeasureKernels(gpu, c, model);
      MeasureStreamed(gpu, c);
      MeasureIteration(gpu, c);
    } catch (const DeviceMemoryError& error) {
      std::printf("%s\n", error.what());
    }
  }
  return 0;
}

}  // namespace
}  // namespace tomoslab::benchmarks

int main(int argc, char** argv) {
  using tomoslab::benchmarks::Case;
  using tomoslab::benchmarks::CaseOf;
  std::vector<Case> cases;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::optional<Case> c = CaseOf(argv[i], argv[i + 1]);
    if (!c.has_value()) {
      std::fprintf(stderr, "cuda_benchmark [SIZE VIEWS]…: sizes 1 to 4096, views 1 to 20000\n");
      return 2;
    }
    cases.push_back(*c);
  }
  if (cases.empty()) cases.push_back(*CaseOf("512", "720"));
  return tomoslab::benchmarks::Run(cases);
}
