// The three directions in which a volume is cut.
#pragma once

#include "tomoslab/v1/reconstruction.pb.h"

namespace tomoslab {

/// Of the images that a direction cuts out of a volume: pixels, and how many images there are.
struct PlaneShape {
  int rows, columns, count;
};

/// Axial: rows along y, columns along x. Coronal: z, x. Sagittal: z, y.
PlaneShape ShapeOf(v1::Plane plane, const v1::VolumeGeometry& volume);

}  // namespace tomoslab
