// One rank's part of the distributed projector: its slab, on the device it computes on.
#pragma once

#include <cstdint>
#include <memory>

#include "worker/core/accelerator.h"
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
  /// worker/projector/voxel_backproject.h. y: scratch.
  virtual void BackprojectVoxels(const ProjectionBand& band, float* y) = 0;
  virtual void FinishBackprojection() = 0;
};

/// x and y in host memory.
std::unique_ptr<LocalProjector> MakeCpuProjector(const Volume& slab, ProjectorModel model);

/// x and y on the accelerator, which outlives the projector. Its work is on kCompute when a call
/// returns, perhaps not done. Views whose source stands in the slab or beside it are projected on
/// the CPU, by copies.
std::unique_ptr<LocalProjector> MakeDeviceProjector(Accelerator* accelerator, const Volume& slab,
                                                    ProjectorModel model);

struct LargestView {
  std::int64_t columns, rows;
};

/// x and y in host memory: the slab goes through the accelerator in pieces of slices, each batch of
/// views anew; one piece is copied while another is computed on.
///   budget_bytes: of the accelerator's memory, for pieces and projections.
///   largest: what any view of any band may have.
/// Throws DeviceMemoryError when not even one slice and one view fit.
std::unique_ptr<LocalProjector> MakeStreamedProjector(Accelerator* accelerator, const Volume& slab,
                                                      ProjectorModel model,
                                                      std::int64_t budget_bytes,
                                                      LargestView largest);

}  // namespace tomoslab
