#include "worker/projector/slab_on_device.h"

#include <utility>

namespace tomoslab {
namespace {

static_assert(sizeof(device::Column) <= kDeviceColumnBytes &&
                  sizeof(device::Beam) <= kDeviceBeamBytes &&
                  sizeof(device::PixelMap) <= kDeviceViewBytes &&
                  sizeof(device::RayView) + sizeof(device::SubRays) <= kDeviceViewBytes,
              "memory plans count them");

template <class T>
void Append(const T& value, std::string* key) {
  key->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

/// Equal for equal geometry.
std::string SlabOnDevice::KeyOf(Kind kind, const ProjectionBand& band) {
  std::string key;
  Append(kind, &key);
  Append(band.columns, &key);
  Append(band.rows, &key);
  for (const View& view : band.views) {
    Append(view.beam, &key);
    for (const Vec3& vector : {view.source, view.corner, view.column_step, view.row_step}) {
      for (const double number : {vector.x, vector.y, vector.z}) Append(number, &key);
    }
  }
  return key;
}

SlabOnDevice::SlabOnDevice(Accelerator* accelerator, const Volume& slab, ProjectorModel model)
    : accelerator_(accelerator),
      kernels_(&ProjectionKernelsOf(*accelerator)),
      slab_(slab),
      model_(model) {}

DevicePath SlabOnDevice::PathOf(const View& view, const ProjectionBand& band) const {
  return model_ == ProjectorModel::kJoseph ? DevicePathOf(slab_, view, band)
                                           : DeviceFootprintPathOf(slab_, view, band);
}

DevicePath SlabOnDevice::VoxelDrivenPathOf(const View& view) const {
  return BackprojectsVoxelsOnDevice(slab_, view) ? DevicePath::kColumns : DevicePath::kNone;
}

void SlabOnDevice::Project(DevicePath path, const ProjectionBand& band, const float* x, float* y) {
  const bool joseph = model_ == ProjectorModel::kJoseph;
  if (path == DevicePath::kColumns) {
    const auto project = joseph ? kernels_->project : kernels_->project_boxes;
    project(stream(), ColumnsOf(joseph ? Kind::kColumns : Kind::kBoxes, band), x, y);
  } else {
    const auto project = joseph ? kernels_->project_rays : kernels_->project_pixels;
    project(stream(), RaysOf(joseph ? Kind::kRays : Kind::kPixels, band), x, y);
  }
}

void SlabOnDevice::Backproject(DevicePath path, const ProjectionBand& band, float* y, float* x) {
  const bool joseph = model_ == ProjectorModel::kJoseph;
  if (path == DevicePath::kColumns) {
    const auto backproject = joseph ? kernels_->backproject : kernels_->backproject_boxes;
    backproject(stream(), ColumnsOf(joseph ? Kind::kColumns : Kind::kBoxes, band), y, x);
  } else {
    const auto backproject = joseph ? kernels_->backproject_rays : kernels_->backproject_pixels;
    backproject(stream(), RaysOf(joseph ? Kind::kRays : Kind::kPixels, band), y, x);
  }
}

void SlabOnDevice::BackprojectVoxelDriven(const ProjectionBand& band, float* y, float* x) {
  kernels_->backproject_voxel_driven(stream(), ColumnsOf(Kind::kColumns, band), y, x);
}

void SlabOnDevice::ForgetGeometry() {
  geometry_.clear();
  geometry_bytes_ = 0;
}

template <class T>
DeviceArray<T> SlabOnDevice::Keep(const std::vector<T>& values) {
  const auto count = static_cast<std::int64_t>(values.size());
  DeviceArray<T> array(accelerator_, count, "the geometry of a batch of views");
  array.Upload(values.data(), count);
  geometry_bytes_ += count * static_cast<std::int64_t>(sizeof(T));
  return array;
}

SlabOnDevice::Geometry SlabOnDevice::MakeGeometry(Kind kind, const ProjectionBand& band) {
  Geometry made;
  if (kind == Kind::kRays || kind == Kind::kPixels) {
    made.rays = Keep(MakeRayViews(slab_, band));
    if (kind == Kind::kPixels) made.sub_rays = Keep(MakeDeviceSubRays(slab_, band));
    return made;
  }
  const DeviceViews views = MakeDeviceViews(slab_, band);
  made.columns = Keep(views.columns);
  made.maps = Keep(views.maps);
  if (kind == Kind::kBoxes) made.beams = Keep(MakeDeviceBeams(slab_, band));
  return made;
}

const SlabOnDevice::Geometry& SlabOnDevice::GeometryOf(Kind kind, const ProjectionBand& band) {
  const std::string key = KeyOf(kind, band);
  const auto known = geometry_.find(key);
  if (known != geometry_.end()) return known->second;
  if (geometry_bytes_ > kMostDeviceGeometryBytes) {
    accelerator_->Wait(Queue::kCompute);  // its kernels read what is let go
    ForgetGeometry();
  }
  return geometry_.emplace(key, MakeGeometry(kind, band)).first->second;
}

device::ColumnViews SlabOnDevice::ColumnsOf(Kind kind, const ProjectionBand& band) {
  const Geometry& of = GeometryOf(kind, band);
  return {DeviceSlab(slab_), DeviceBand(band), of.columns.data(), of.maps.data(), of.beams.data()};
}

device::RayViews SlabOnDevice::RaysOf(Kind kind, const ProjectionBand& band) {
  const Geometry& of = GeometryOf(kind, band);
  return {DeviceSlab(slab_),
          DeviceBand(band),
          {static_cast<float>(slab_.voxel_width_mm), static_cast<float>(slab_.voxel_height_mm)},
          of.rays.data(),
          of.sub_rays.data()};
}

}  // namespace tomoslab
