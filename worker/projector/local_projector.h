// One rank's part of the distributed projector: its slab, on the device it computes on.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "worker/core/device.h"
#include "worker/projector/projector.h"

namespace tomoslab {

/// Projects one slab, batch by batch of views. A projection is BeginProjection and then Project for
/// each batch; a backprojection BeginBackprojection, Backproject or BackprojectVoxels for each, and
/// FinishBackprojection. Throws std::runtime_error with the device's words where a device fails.
class LocalProjector {
 public:
  virtual ~LocalProjector() = default;

  /// x [y][x][z], 1/mm: must live, unchanged, until the last Project.
  virtual void BeginProjection(const float* x) = 0;
  /// y [view][column][row]: overwritten.
  virtual void Project(const ProjectionBand& band, float* y) = 0;

  /// x [y][x][z]: what the batches add is in it after FinishBackprojection.
  virtual void BeginBackprojection(float* x) = 0;
  /// y: scratch; its numbers are changed.
  virtual void Backproject(const ProjectionBand& band, float* y) = 0;
  /// worker/projector/voxel_backproject.h
  virtual void BackprojectVoxels(const ProjectionBand& band, const float* y) = 0;
  virtual void FinishBackprojection() = 0;
};

std::unique_ptr<LocalProjector> MakeCpuProjector(const Volume& slab, ProjectorModel model);

struct LargestView {
  int columns, rows;
};

/// With Joseph's model all views run on the GPU whose source does not stand in the slab
/// (DevicePathOf); the footprint model runs on the CPU. The GPU holds the slab and one batch of
/// views.
///   slab: at least one slice.   device: a GPU.   largest: what any view of any batch may have.
///   ResourceExhausted, with figures, when the GPU's free memory is too small; FailedPrecondition
///   in a build without CUDA.
absl::StatusOr<std::unique_ptr<LocalProjector>> MakeCudaProjector(const Device& device,
                                                                  const Volume& slab,
                                                                  ProjectorModel model,
                                                                  LargestView largest);

}  // namespace tomoslab
