#include "server/plane_shape.h"

namespace tomoslab {

PlaneShape ShapeOf(v1::Plane plane, const v1::VolumeGeometry& volume) {
  switch (plane) {
    case v1::CORONAL:
      return {volume.slices(), volume.columns(), volume.rows()};
    case v1::SAGITTAL:
      return {volume.slices(), volume.rows(), volume.columns()};
    default:
      return {volume.rows(), volume.columns(), volume.slices()};
  }
}

}  // namespace tomoslab
