#include "worker/projector/local_projector.h"

#include "worker/projector/voxel_backproject.h"

namespace tomoslab {
namespace {

class CpuProjector : public LocalProjector {
 public:
  CpuProjector(const Volume& slab, ProjectorModel model) : slab_(slab), model_(model) {}

  void BeginProjection(const float* x) override { from_ = x; }
  void Project(const ProjectionBand& band, float* y) override {
    tomoslab::Project(model_, slab_, from_, band, y);
  }
  void BeginBackprojection(float* x) override { to_ = x; }
  void Backproject(const ProjectionBand& band, float* y) override {
    tomoslab::Backproject(model_, band, y, slab_, to_);
  }
  void BackprojectVoxels(const ProjectionBand& band, float* y) override {
    tomoslab::BackprojectVoxels(band, y, slab_, to_);
  }
  void FinishBackprojection() override {}

 private:
  Volume slab_;
  ProjectorModel model_;
  const float* from_ = nullptr;
  float* to_ = nullptr;
};

}  // namespace

std::unique_ptr<LocalProjector> MakeCpuProjector(const Volume& slab, ProjectorModel model) {
  return std::make_unique<CpuProjector>(slab, model);
}

}  // namespace tomoslab
