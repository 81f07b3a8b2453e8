#include <utility>
#include <vector>

#include "worker/projector/local_projector.h"
#include "worker/projector/slab_on_device.h"
#include "worker/projector/view_runs.h"
#include "worker/projector/voxel_backproject.h"

namespace tomoslab {
namespace {

class DeviceProjector : public LocalProjector {
 public:
  DeviceProjector(Accelerator* accelerator, const Volume& slab, ProjectorModel model)
      : accelerator_(accelerator), slab_(accelerator, slab, model), model_(model) {}

  void BeginProjection(const float* x) override {
    from_ = x;
    on_host_.clear();
  }

  void Project(const ProjectionBand& band, float* y) override {
    ForRuns(
        band, [&](const View& view) { return slab_.PathOf(view, band); },
        [&](DevicePath path, const ProjectionBand& run, std::int64_t offset) {
          if (path != DevicePath::kNone) return slab_.Project(path, run, from_, y + offset);
          if (on_host_.empty()) on_host_ = Download(from_, slab_.slab().VoxelCount());
          std::vector<float> made(run.size());
          tomoslab::Project(model_, slab_.slab(), on_host_.data(), run, made.data());
          accelerator_->Upload(made.data(), y + offset, {.width = BytesOf<float>(run.size())});
        });
  }

  void BeginBackprojection(float* x) override {
    to_ = x;
    on_host_.clear();
  }

  void Backproject(const ProjectionBand& band, float* y) override {
    ForRuns(
        band, [&](const View& view) { return slab_.PathOf(view, band); },
        [&](DevicePath path, const ProjectionBand& run, std::int64_t offset) {
          if (path != DevicePath::kNone) return slab_.Backproject(path, run, y + offset, to_);
          std::vector<float> from = Download(y + offset, run.size());
          tomoslab::Backproject(model_, run, from.data(), slab_.slab(), SumsOnHost());
        });
  }

  void BackprojectVoxels(const ProjectionBand& band, float* y) override {
    ForRuns(
        band, [&](const View& view) { return slab_.VoxelDrivenPathOf(view); },
        [&](DevicePath path, const ProjectionBand& run, std::int64_t offset) {
          if (path != DevicePath::kNone) return slab_.BackprojectVoxelDriven(run, y + offset, to_);
          const std::vector<float> from = Download(y + offset, run.size());
          tomoslab::BackprojectVoxels(run, from.data(), slab_.slab(), SumsOnHost());
        });
  }

  void FinishBackprojection() override {
    if (on_host_.empty()) return;
    const auto voxels = static_cast<std::int64_t>(on_host_.size());
    DeviceArray<float> sums(accelerator_, voxels, "what the CPU backprojected");
    sums.Upload(on_host_.data(), voxels);
    ProjectionKernelsOf(*accelerator_)
        .add_lines(accelerator_->stream(Queue::kCompute), {1, voxels, voxels, voxels}, sums.data(),
                   to_);
    accelerator_->Wait(Queue::kCompute);  // it reads what is let go
    on_host_.clear();
  }

 private:
  std::vector<float> Download(const float* from, std::int64_t count) const {
    std::vector<float> numbers(count);
    accelerator_->Download(from, numbers.data(), {.width = BytesOf<float>(count)});
    return numbers;
  }
  /// The slab for views that the CPU backprojects, zero at first.
  float* SumsOnHost() {
    if (on_host_.empty()) on_host_.resize(slab_.slab().VoxelCount());
    return on_host_.data();
  }

  Accelerator* accelerator_;
  SlabOnDevice slab_;
  ProjectorModel model_;
  const float* from_ = nullptr;
  float* to_ = nullptr;
  std::vector<float> on_host_;  // the slab, where a view needs the CPU
};

}  // namespace

std::unique_ptr<LocalProjector> MakeDeviceProjector(Accelerator* accelerator, const Volume& slab,
                                                    ProjectorModel model) {
  return std::make_unique<DeviceProjector>(accelerator, slab, model);
}

}  // namespace tomoslab
