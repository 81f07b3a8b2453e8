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
constexpr std::int64_t kMostNumbers = 32 << 20, kMostColumns = 1 << 20, kMostViews = 4096;

/// Calls visit(path, piece, offset) for the runs of views of one path(view); in pieces that fit,
/// but for DevicePath::kNone, the CPU's.
template <class Path, class Visit>
void ForPieces(const ProjectionBand& band, Path&& path, Visit&& visit) {
  if (band.rows.empty()) return;
  const std::int64_t of_view = band.columns * band.rows.size();
  const std::int64_t fit =
      std::min({kMostNumbers / of_view, kMostColumns / band.columns, kMostViews});
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, fit));
  ForRuns(band, path, [&](DevicePath of_run, const ProjectionBand& run, std::int64_t offset) {
    if (of_run == DevicePath::kNone) return visit(of_run, run, offset);
    for (std::size_t first = 0; first < run.views.size(); first += most) {
      visit(of_run, ProjectionBand{run.views.subspan(first, most), run.columns, run.rows},
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
  DeviceArray<device::RayView> rays;
};

absl::StatusOr<Memory> Allocate(const Volume& slab, LargestView largest) {
  constexpr char kGeometry[] = "the geometry";
  const std::int64_t columns = std::max<std::int64_t>(kMostColumns, largest.columns);
  const std::int64_t numbers = std::max(kMostNumbers, std::int64_t{largest.columns} * largest.rows);
  Memory memory;
  TOMOSLAB_ASSIGN_OR_RETURN(memory.copies, StagedCopies::Create(nullptr));
  TOMOSLAB_ASSIGN_OR_RETURN(memory.x, DeviceArray<float>::Create(slab.VoxelCount(), "the slab"));
  TOMOSLAB_ASSIGN_OR_RETURN(memory.y,
                            DeviceArray<float>::Create(numbers, "a batch of projections"));
  TOMOSLAB_ASSIGN_OR_RETURN(memory.columns,
                            DeviceArray<device::Column>::Create(columns, kGeometry));
  TOMOSLAB_ASSIGN_OR_RETURN(memory.maps,
                            DeviceArray<device::PixelMap>::Create(kMostViews, kGeometry));
  TOMOSLAB_ASSIGN_OR_RETURN(memory.rays,
                            DeviceArray<device::RayView>::Create(kMostViews, kGeometry));
  return memory;
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
        band, [&](const View& view) { return RayPath(view, band); },
        [&](DevicePath path, const ProjectionBand& piece, std::int64_t offset) {
          if (path == DevicePath::kNone)
            return tomoslab::Project(model_, slab_, host_from_, piece, y + offset);
          if (path == DevicePath::kColumns) {
            device::LaunchProject(DeviceSlab(slab_), memory_.x.data(), UploadViews(piece),
                                  memory_.y.data(), kStream);
          } else {
            device::LaunchProjectRays(DeviceSlab(slab_), memory_.x.data(), UploadRays(piece),
                                      memory_.y.data(), kStream);
          }
          CudaCheck(cudaGetLastError(), "the forward projection's launch");
          memory_.copies.ToHost(memory_.y.data(), piece.size(), y + offset);
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
        band, [&](const View& view) { return RayPath(view, band); },
        [&](DevicePath path, const ProjectionBand& piece, std::int64_t offset) {
          if (path == DevicePath::kNone)
            return tomoslab::Backproject(model_, piece, y + offset, slab_, host_to_);
          memory_.copies.ToDevice(y + offset, piece.size(), memory_.y.data());
          if (path == DevicePath::kColumns) {
            device::LaunchBackproject(DeviceSlab(slab_), UploadViews(piece), memory_.y.data(),
                                      memory_.x.data(), kStream);
          } else {
            device::LaunchBackprojectRays(DeviceSlab(slab_), UploadRays(piece), memory_.y.data(),
                                          memory_.x.data(), kStream);
          }
          CudaCheck(cudaGetLastError(), "the backprojection's launch");
        });
  }

  void BackprojectVoxels(const ProjectionBand& band, const float* y) override {
    Activate();
    const auto path = [&](const View& view) {
      return BackprojectsVoxelsOnDevice(slab_, view) ? DevicePath::kColumns : DevicePath::kNone;
    };
    ForPieces(band, path,
              [&](DevicePath of_piece, const ProjectionBand& piece, std::int64_t offset) {
                if (of_piece == DevicePath::kNone)
                  return tomoslab::BackprojectVoxels(piece, y + offset, slab_, host_to_);
                memory_.copies.ToDevice(y + offset, piece.size(), memory_.y.data());
                device::LaunchBackprojectVoxelDriven(DeviceSlab(slab_), UploadViews(piece),
                                                     memory_.y.data(), memory_.x.data(), kStream);
                CudaCheck(cudaGetLastError(), "the voxel-driven backprojection's launch");
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

  void Activate() const { CudaCheck(cudaSetDevice(device_.index), "choosing the GPU"); }

  DevicePath RayPath(const View& view, const ProjectionBand& band) const {
    return model_ == ProjectorModel::kJoseph ? DevicePathOf(slab_, view, band) : DevicePath::kNone;
  }

  template <class T>
  static void Upload(const std::vector<T>& values, const DeviceArray<T>& to) {
    // From pageable memory: the values have left it when the call returns.
    CudaCheck(cudaMemcpyAsync(to.data(), values.data(), values.size() * sizeof(T),
                              cudaMemcpyHostToDevice, kStream),
              "a copy of the geometry");
  }

  device::Views UploadViews(const ProjectionBand& band) const {
    const DeviceViews made = MakeDeviceViews(slab_, band);
    Upload(made.columns, memory_.columns);
    Upload(made.maps, memory_.maps);
    return {made.band, memory_.columns.data(), memory_.maps.data()};
  }

  device::RayViews UploadRays(const ProjectionBand& band) const {
    Upload(MakeRayViews(slab_, band), memory_.rays);
    return {DeviceBand(band),
            {static_cast<float>(slab_.voxel_width_mm), static_cast<float>(slab_.voxel_height_mm)},
            memory_.rays.data()};
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
