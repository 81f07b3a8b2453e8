#include "worker/app/preview.h"

namespace tomoslab {
namespace {

v1::PreviewReady PlaneOf(v1::Plane plane, int index, int rows, int columns) {
  v1::PreviewReady header;
  header.set_plane(plane);
  header.set_index(index);
  header.set_rows(rows);
  header.set_columns(columns);
  return header;
}

/// This rank's part of the plane: whole image rows, in the order of z.
std::vector<float> LocalPart(const DistributedProjector& A, const Field& x,
                             const v1::PreviewReady& plane) {
  const int columns = A.volume().columns, rows = A.volume().rows, index = plane.index();
  const IndexRange slab = A.slab();
  std::vector<float> values;
  const auto voxel = [&](std::int64_t iy, std::int64_t ix, std::int64_t z) {
    return x.line(iy * columns + ix)[z - slab.begin];
  };
  if (plane.plane() == v1::AXIAL) {
    if (index < slab.begin || index >= slab.end) return values;
    values.reserve(std::size_t{1} * plane.rows() * plane.columns());
    for (int iy = 0; iy < rows; ++iy) {
      for (int ix = 0; ix < columns; ++ix) values.push_back(voxel(iy, ix, index));
    }
    return values;
  }
  values.reserve(slab.size() * plane.columns());
  for (std::int64_t z = slab.begin; z < slab.end; ++z) {
    if (plane.plane() == v1::CORONAL) {
      for (int ix = 0; ix < columns; ++ix) values.push_back(voxel(index, ix, z));
    } else {
      for (int iy = 0; iy < rows; ++iy) values.push_back(voxel(iy, index, z));
    }
  }
  return values;
}

}  // namespace

std::vector<v1::PreviewReady> PreviewPlanes(const v1::Preview& preview, const Volume& volume) {
  std::vector<v1::PreviewReady> planes;
  for (const int slice : preview.slices())
    planes.push_back(PlaneOf(v1::AXIAL, slice, volume.rows, volume.columns));
  if (!planes.empty()) return planes;
  planes.push_back(PlaneOf(v1::AXIAL, volume.slices / 2, volume.rows, volume.columns));
  planes.push_back(PlaneOf(v1::CORONAL, volume.rows / 2, volume.slices, volume.columns));
  planes.push_back(PlaneOf(v1::SAGITTAL, volume.columns / 2, volume.slices, volume.rows));
  return planes;
}

PreviewImage TakePreview(const DistributedProjector& A, const Field& x,
                         const v1::PreviewReady& plane) {
  return {.header = plane, .values = A.ranks().GatherFloats(LocalPart(A, x, plane))};
}

}  // namespace tomoslab
