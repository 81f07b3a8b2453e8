// The beams of axis-aligned views: what the pixels of one detector column see between their two
// edges, in voxels of the slab.
#pragma once

#include <vector>

#include "worker/projector/column_geometry.h"
#include "worker/projector/footprint_kernels.h"

namespace tomoslab {

/// The beam of one detector column. Its edges cross the middle of plane j at low(j) < high(j).
/// rays.lateral(j) is where it begins: the first voxel that it touches in the plane is
/// floor(rays.lateral(j)). Only planes in front of the source count.
struct PixelBeam {
  RayColumn rays;
  Positions low, high;

  /// Voxels touched in plane j, at most.
  int ColumnsAt(std::int64_t plane) const;
};

class BeamGeometry {
 public:
  BeamGeometry(const Volume& slab, const ProjectionBand& band);

  const ColumnGeometry& rays() const { return rays_; }
  const PixelBeam& Beam(std::int64_t view, std::int64_t column) const {
    return beams_[view * columns_ + column];
  }
  /// The voxels of a plane that a beam touches, at most.
  int most_columns() const { return most_columns_; }

 private:
  ColumnGeometry rays_;
  std::int64_t columns_;
  std::vector<PixelBeam> beams_;
  int most_columns_ = 1;
};

/// The beam around the central rays of a detector column, along the same main axis.
PixelBeam BeamOf(const Volume& slab, const View& view, std::int64_t column, const RayColumn& rays);

/// The planes [range) in front of the source: t > 0 in cone beam.
IndexRange PlanesInFront(const PixelBeam& beam, Beam kind, IndexRange range);

/// The steps of a beam through `planes`, with lateral positions and plane counted from the slab's
/// first voxel and slice z filling [z, z + 1); box 0 is that of the band's row `row`. last_columns
/// is left to the caller.
BeamSteps StepsOf(const PixelBeam& beam, const ViewRows& rows, IndexRange planes, double row);

}  // namespace tomoslab
