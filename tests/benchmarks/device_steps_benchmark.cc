// What a job does beside projecting, on an accelerator: seconds, and 10⁹ numbers per second, beside
// the memory's copy bandwidth.
//
//   device_steps_benchmark [--emulated] [SIZE VIEWS]   a cube of SIZE³ voxels, SIZE² pixels;
//                                                      default 512 720
// Medians of 10 runs. Without a GPU it says why, and ends with 0; --emulated runs the same on the
// emulated device, whose figures say nothing of GPUs.
#include <cstdio>
#include <functional>
#include <string_view>

#include "tests/benchmarks/device_runs.h"
#include "tests/support/beam_models.h"
#include "worker/distributed/distributed_projector.h"
#include "worker/operators/ramp_filter.h"
#include "worker/solvers/dart_loop.h"
#include "worker/solvers/fdk.h"
#include "worker/solvers/neighbourhood.h"
#include "worker/solvers/polychromatic_objective.h"

namespace tomoslab::benchmarks {
namespace {

class Steps {
 public:
  Steps(Accelerator& gpu, Case c)
      : gpu_(gpu),
        alone_(Communicator::Alone()),
        A_(ScanOf(c), VolumeOf(c), &alone_),
        status_(A_.ComputeOn({.placement = Placement::kResident, .accelerator = &gpu})) {}

  void Measure() const {
    if (!status_.ok()) return (void)std::printf("%s\n", std::string(status_.message()).c_str());
    MeasureVectors();
    MeasureFdk();
    MeasurePolychromatic();
    MeasureDart();
  }

 private:
  void Print(const char* name, std::int64_t numbers, const std::function<void()>& step) const {
    const double median = MedianSeconds(gpu_, step);
    std::printf("%-40s %10.5f s %10.2f 10⁹/s\n", name, median,
                static_cast<double>(numbers) / median / 1e9);
  }

  void MeasureVectors() const {
    Field x = A_.NewVolume(), y = A_.NewVolume();
    Fill(1e-3, x);
    Print("copy (8 bytes a voxel)", x.size(), [&] { Copy(x, y); });
    Print("axpy (12 bytes)", x.size(), [&] { Axpy(0.5, x, y); });
    Print("clamp (8 bytes)", x.size(), [&] { Clamp({.lower = 0}, y); });
    Print("dot product (8 bytes)", x.size(), [&] { Dot(x, y); });
  }

  void MeasureFdk() const {
    const Field b = A_.NewProjections();
    Field x = A_.NewVolume();
    const auto weights = FdkWeights::Create(A_.scan());
    if (!weights.ok()) return;
    const Detector& detector = weights->filtered_scan().detector;
    Print("FDK: weights and ramp filter, pixels", b.size(), [&] {
      Field q = weights->Apply(b);
      RampFilter(detector.columns, detector.pixel_width_mm, {}).Apply(q);
    });
    Print("FDK: all, voxels · views", x.size() * static_cast<std::int64_t>(A_.scan().views.size()),
          [&] { (void)Fdk(A_, A_.scan(), b, {}, x); });
  }

  void MeasurePolychromatic() const {
    const Field b = A_.NewProjections(), x = A_.NewVolume();  // of nothing: no projections
    PolychromaticObjective f(A_, b, testing::AluminiumAndIron(), {});
    Print("poly-BB: misfit, 8 energies, 2 materials", b.size(), [&] { f.Value(x); });
  }

  void MeasureDart() const {
    Field x = A_.NewVolume();
    Fill(0.06, x);
    const VoxelGrid grid = A_.grid();
    const MaterialBasis materials({0.05, 0.1});
    VoxelLabels labels(grid, &gpu_);
    LabelCounts counts;
    Print("DART: segmentation, voxels", x.size(),
          [&] { counts = Segment(grid, x, materials, labels); });
    const auto free = [&] { return FreeVoxels(grid, labels, counts, DartLoopOptions{}, 1); };
    Print("DART: boundary and random voxels", x.size(), [&] { free(); });
    const VoxelMask mask = free();
    Print("DART: smoothing, voxels", x.size(), [&] { Smooth(grid, mask, 0.3, x); });
  }

  Accelerator& gpu_;
  Communicator alone_;
  DistributedProjector A_;
  absl::Status status_;
};

int Run(bool emulated, Case c) {
  Device device = EmulatedDevice(std::int64_t{8} << 30);
  if (!emulated) {
    const absl::StatusOr<std::vector<Device>> gpus = CudaDevices();
    if (!gpus.ok()) {
      std::printf("nothing measured: %s\n", std::string(gpus.status().message()).c_str());
      return 0;
    }
    device = gpus->front();
  }
  const auto gpu = Accelerator::Open(device);
  if (!gpu.ok()) {
    std::printf("%s\n", std::string(gpu.status().message()).c_str());
    return 1;
  }
  std::printf("%s\n%d³ voxels, %d² pixels, %d views, cone beam\n", device.ToString().c_str(),
              c.size, c.size, c.views);
  try {
    Steps(**gpu, c).Measure();
  } catch (const DeviceMemoryError& error) {
    std::printf("%s\n", error.what());
  }
  return 0;
}

}  // namespace
}  // namespace tomoslab::benchmarks

int main(int argc, char** argv) {
  const bool emulated = argc > 1 && std::string_view(argv[1]) == "--emulated";
  const int first = emulated ? 2 : 1;
  const bool given = argc > first + 1;
  const auto c =
      tomoslab::benchmarks::CaseOf(given ? argv[first] : "512", given ? argv[first + 1] : "720");
  if (!c.has_value()) {
    std::fprintf(stderr,
                 "device_steps_benchmark [--emulated] [SIZE VIEWS]: sizes 1 to 4096, views 1 to "
                 "20000\n");
    return 2;
  }
  return tomoslab::benchmarks::Run(emulated, *c);
}
