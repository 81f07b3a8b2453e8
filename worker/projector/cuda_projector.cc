#include <algorithm>
#include <utility>
#include <vector>

#include "worker/core/cuda_memory.h"
#include "worker/core/parallel.h"
#include "worker/core/status.h"
#include "worker/projector/cuda_kernels.h"
#include "worker/projector/device_views.h"
#include "worker/projector/local_projector.h"
#include "worker/projector/view_runs.h"
#include "worker/projector/voxel_backproject.h"

namespace tomoslab {
namespace {

/// What the GPU holds of a batch at a time; a larger batch goes through in pieces of views.
constexpr std::int64_t kMostNumbers = 32 << 20, kMostColumns = 1 << 20;

/// Calls on_gpu(piece, offset) or on_cpu(run, offset) for the runs of views that `takes` tells
/// apart; those for the GPU in pieces that fit.
template <class Takes, class OnGpu, class OnCpu>
void ForPieces(const ProjectionBand& band, Takes&& takes, OnGpu&& on_gpu, OnCpu&& on_cpu) {
  if (band.rows.empty()) return;
  const std::int64_t of_view = band.columns * band.rows.size();
  const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(
      kMostNumbers / of_view, 1, std::max<std::int64_t>(1, kMostColumns / band.columns)));
  ForRuns(band, takes, [&](bool taken, const ProjectionBand& run, std::int64_t offset) {
    if (!taken) return on_cpu(run, offset);
    for (std::size_t first = 0; first < run.views.size(); first += most) {
      on_gpu(ProjectionBand{run.views.subspan(first, most), run.columns, run.rows},
             offset + run.Offset(static_cast<std::int64_t>(first), 0));
    }
  });
}

/// All that a projector holds on the GPU, and the way there.
struct Memory {
  StagedCopies copies;
  DeviceArray<float> x, y;
  DeviceArray<device::Column> columns;
  DeviceArray<device::PixelMap> maps;
};

absl::StatusOr<Memory> Allocate(const Volume& slab, LargestView largest) {
  const std::int64_t columns = std::max<std::int64_t>(kMostColumns, largest.columns);
  TOMOSLAB_ASSIGN_OR_RETURN(StagedCopies copies, StagedCopies::Create(nullptr));
  TOMOSLAB_ASSIGN_OR_RETURN(DeviceArray<float> x,
                            DeviceArray<float>::Create(slab.VoxelCount(), "the slab"));
  TOMOSLAB_ASSIGN_OR_RETURN(
      DeviceArray<float> y,
      DeviceArray<float>::Create(
          std::max(kMostNumbers, std::int64_t{largest.columns} * largest.rows),
          "a batch of projections"));
  TOMOSLAB_ASSIGN_OR_RETURN(DeviceArray<device::Column> of_columns,
                            DeviceArray<device::Column>::Create(columns, "the geometry"));
  TOMOSLAB_ASSIGN_OR_RETURN(DeviceArray<device::PixelMap> maps,
                            DeviceArray<device::PixelMap>::Create(kMostColumns, "the geometry"));
  return Memory{std::move(copies), std::move(x), std::move(y), std::move(of_columns),
                std::move(maps)};
}

class CudaProjector : public LocalProjector {
 public:
  CudaProjector(const Device& device, const Volume& slab, ProjectorModel model, Memory memory)
      : device_(device), slab_(slab), model_(model), memory_(std::move(memory)) {}

  void BeginProjection(const float* x) override {
    Activate();
    host_from_ = x;
    memory_.copies.ToDevice(x, slab_.VoxelCount(), memory_.x.data());
  }

  void Project(const ProjectionBand& band, float* y) override {
    Activate();
    ForPieces(
        band, [&](const View& view) { return TakesRays(view, band); },
        [&](const ProjectionBand& piece, std::int64_t offset) {
          const Batch batch = Upload(piece);
          device::LaunchProject(batch.slab, memory_.x.data(), batch.views, memory_.y.data(),
                                kStream);
          CudaCheck(cudaGetLastError(), "the forward projection's launch");
          memory_.copies.ToHost(memory_.y.data(), piece.size(), y + offset);
        },
        [&](const ProjectionBand& run, std::int64_t offset) {
          tomoslab::Project(model_, slab_, host_from_, run, y + offset);
        });
  }

  void BeginBackprojection(float* x) override {
    Activate();
    host_to_ = x;
    CudaCheck(cudaMemsetAsync(memory_.x.data(), 0, slab_.VoxelCount() * sizeof(float), kStream),
              "clearing the slab");
  }

  void Backproject(const ProjectionBand& band, float* y) override {
    Activate();
    ForPieces(
        band, [&](const View& view) { return TakesRays(view, band); },
        [&](const ProjectionBand& piece, std::int64_t offset) {
          const Batch batch = Upload(piece, y + offset);
          device::LaunchBackproject(batch.slab, batch.views, memory_.y.data(), memory_.x.data(),
                                    kStream);
          CudaCheck(cudaGetLastError(), "the backprojection's launch");
        },
        [&](const ProjectionBand& run, std::int64_t offset) {
          tomoslab::Backproject(model_, run, y + offset, slab_, host_to_);
        });
  }

  void BackprojectVoxels(const ProjectionBand& band, const float* y) override {
    Activate();
    ForPieces(
        band, [&](const View& view) { return BackprojectsVoxelsOnDevice(slab_, view); },
        [&](const ProjectionBand& piece, std::int64_t offset) {
          const Batch batch = Upload(piece, y + offset);
          device::LaunchBackprojectVoxelDriven(batch.slab, batch.views, memory_.y.data(),
                                               memory_.x.data(), kStream);
          CudaCheck(cudaGetLastError(), "the voxel-driven backprojection's launch");
        },
        [&](const ProjectionBand& run, std::int64_t offset) {
          tomoslab::BackprojectVoxels(run, y + offset, slab_, host_to_);
        });
  }

  void FinishBackprojection() override {
    Activate();
    constexpr std::int64_t kPiece = 8 << 20;
    std::vector<float> sums(std::min(kPiece, slab_.VoxelCount()));
    for (std::int64_t begin = 0; begin < slab_.VoxelCount(); begin += kPiece) {
      const std::int64_t count = std::min(kPiece, slab_.VoxelCount() - begin);
      memory_.copies.ToHost(memory_.x.data() + begin, count, sums.data());
      float* to = host_to_ + begin;  // holds what the CPU's views gave
      ParallelChunks(count, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t i = first; i < last; ++i) to[i] += sums[i];
      });
    }
  }

 private:
  static constexpr cudaStream_t kStream = nullptr;  // everything in one order

  struct Batch {
    device::Slab slab;
    device::Views views;
  };

  void Activate() const { CudaCheck(cudaSetDevice(device_.index), "choosing the GPU"); }

  bool TakesRays(const View& view, const ProjectionBand& band) const {
    return model_ == ProjectorModel::kJoseph && ProjectsOnDevice(slab_, view, band);
  }

  Batch Upload(const ProjectionBand& band) const {
    const DeviceViews made = MakeDeviceViews(slab_, band);
    // From pageable memory: the copies have left it when the calls return.
    CudaCheck(cudaMemcpyAsync(memory_.columns.data(), made.columns.data(),
                              made.columns.size() * sizeof(device::Column), cudaMemcpyHostToDevice,
                              kStream),
              "a copy of the geometry");
    CudaCheck(cudaMemcpyAsync(memory_.maps.data(), made.maps.data(),
                              made.maps.size() * sizeof(device::PixelMap), cudaMemcpyHostToDevice,
                              kStream),
              "a copy of the geometry");
    return {made.slab, {made.band, memory_.columns.data(), memory_.maps.data()}};
  }

  Batch Upload(const ProjectionBand& band, const float* y) {
    memory_.copies.ToDevice(y, band.size(), memory_.y.data());
    return Upload(band);
  }

  Device device_;
  Volume slab_;
  ProjectorModel model_;
  Memory memory_;
  const float* host_from_ = nullptr;
  float* host_to_ = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LocalProjector>> MakeCudaProjector(const Device& device,
                                                                  const Volume& slab,
                                                                  ProjectorModel model,
                                                                  LargestView largest) {
  CudaCheck(cudaSetDevice(device.index), "choosing the GPU");
  TOMOSLAB_ASSIGN_OR_RETURN(Memory memory, Allocate(slab, largest));
  return std::make_unique<CudaProjector>(device, slab, model, std::move(memory));
}

}  // namespace tomoslab
