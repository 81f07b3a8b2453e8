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
  if (plane.plane() == v1::AXIAL) {
    if (index < slab.begin || index >= slab.end) return values;
    values.resize(std::size_t{1} * plane.rows() * plane.columns());
    Read(x, {0, 1, x.outer(), {index - slab.begin, index - slab.begin + 1}}, values.data());
    return values;
  }
  // The voxel columns that stand in the plane, and then their slices as image rows.
  const FieldLines lines = plane.plane() == v1::CORONAL
                               ? FieldLines{std::int64_t{index} * columns, 1, columns, {}}
                               : FieldLines{index, columns, rows, {}};
  std::vector<float> upright(lines.count * slab.size());
  values.resize(upright.size());
  Read(x, {lines.first, lines.step, lines.count, {0, slab.size()}}, upright.data());
  for (std::int64_t z = 0; z < slab.size(); ++z) {
    for (std::int64_t i = 0; i < lines.count; ++i)
      values[z * lines.count + i] = upright[i * slab.size() + z];
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
