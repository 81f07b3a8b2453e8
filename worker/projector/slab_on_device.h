// A slab's projections by an accelerator's kernels, whatever the views.
#pragma once

#include <map>
#include <string>

#include "worker/core/accelerator.h"
#include "worker/plan/memory_plan.h"
#include "worker/projector/device_views.h"
#include "worker/projector/projection_kernels.h"
#include "worker/projector/projector.h"

namespace tomoslab {

/// Launches kernels on kCompute. Bands hold views of one path (PathOf) only. The geometry of bands
/// stays on the accelerator, up to kMostDeviceGeometryBytes and a band's: an iteration asks for the
/// same bands as the one before.
class SlabOnDevice {
 public:
  /// accelerator: outlives this.
  SlabOnDevice(Accelerator* accelerator, const Volume& slab, ProjectorModel model);

  /// How rays of the view go; kNone: not here.
  DevicePath PathOf(const View& view, const ProjectionBand& band) const;
  DevicePath VoxelDrivenPathOf(const View& view) const;

  /// x: the slab.   y: the band.   Both on the accelerator.
  void Project(DevicePath path, const ProjectionBand& band, const float* x, float* y);
  /// x ← x + Aᵀ y; y: scratch.
  void Backproject(DevicePath path, const ProjectionBand& band, float* y, float* x);
  void BackprojectVoxelDriven(const ProjectionBand& band, float* y, float* x);

  const Volume& slab() const { return slab_; }

  /// What is kept on the accelerator; at most GeometryBytesOf for every band.
  std::int64_t geometry_bytes() const { return geometry_bytes_; }
  static std::int64_t GeometryBytesOf(std::int64_t views, std::int64_t columns) {
    return views * (kDeviceViewBytes + columns * (kDeviceColumnBytes + kDeviceBeamBytes));
  }
  /// Lets it go, when the accelerator has done with it.
  void ForgetGeometry();

 private:
  enum class Kind { kColumns, kBoxes, kRays, kPixels };
  struct Geometry {  // what the kind needs
    DeviceArray<device::Column> columns;
    DeviceArray<device::PixelMap> maps;
    DeviceArray<device::Beam> beams;
    DeviceArray<device::RayView> rays;
    DeviceArray<device::SubRays> sub_rays;
  };
  static std::string KeyOf(Kind kind, const ProjectionBand& band);
  const Geometry& GeometryOf(Kind kind, const ProjectionBand& band);
  Geometry MakeGeometry(Kind kind, const ProjectionBand& band);
  template <class T>
  DeviceArray<T> Keep(const std::vector<T>& values);
  device::ColumnViews ColumnsOf(Kind kind, const ProjectionBand& band);
  device::RayViews RaysOf(Kind kind, const ProjectionBand& band);
  void* stream() const { return accelerator_->stream(Queue::kCompute); }

  Accelerator* accelerator_;
  const ProjectionKernels* kernels_;
  Volume slab_;
  ProjectorModel model_;
  std::map<std::string, Geometry> geometry_;  // by all that it follows from
  std::int64_t geometry_bytes_ = 0;
};

}  // namespace tomoslab
