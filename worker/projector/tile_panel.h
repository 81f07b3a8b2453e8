// A tile of voxel columns, copied next to each other.
#pragma once

#include <cstdint>

#include "worker/projector/column_geometry.h"
#include "worker/projector/column_kernels.h"
#include "worker/projector/column_tiles.h"

namespace tomoslab {

inline std::int64_t DivideUp(std::int64_t count, std::int64_t by) { return (count + by - 1) / by; }

/// The voxel columns of one tile, [lateral][plane][z], with a column of zeros (or of scratch) at
/// each lateral end of the volume.
class TilePanel {
 public:
  TilePanel(const Tile& tile, IndexRange slices, AlignedFloats& storage)
      : tile_(tile), slices_(slices) {
    panel_.length = slices.size();
    // A few cache lines more than a power of two: neighbours must not meet in the same cache set.
    panel_.neighbour_stride = tile.planes.size() * panel_.length + 48;
    panel_.samples = storage.Resize((tile.lateral.size() + 1) * panel_.neighbour_stride);
  }

  const ColumnPanel& columns() const { return panel_; }
  float* Column(std::int64_t lateral, std::int64_t plane) const {
    return panel_.samples + (lateral - tile_.lateral.begin) * panel_.neighbour_stride +
           (plane - tile_.planes.begin) * panel_.length;
  }

  /// The steps in which rays of this column cross the tile. Outputs start at detector row `row`.
  bool Fill(const RayColumn& rays, const ViewRows& rows, double row, ColumnSteps& steps) const {
    const IndexRange planes = PlanesBetween(rays, static_cast<double>(tile_.lateral.begin),
                                            static_cast<double>(tile_.lateral.end), tile_.planes);
    if (planes.empty()) return false;
    const double t = rays.t(planes.begin), rise = rows.slope + row * rows.step;
    StraightSteps line{
        .count = static_cast<int>(planes.size()),
        .lateral = rays.lateral(planes.begin) - static_cast<double>(tile_.lateral.begin),
        .lateral_step = rays.lateral.step,
        .start = rows.base - static_cast<double>(slices_.begin),
        .start_step = 0,
        .step = rows.step,
        .step_step = 0,
        .plane = planes.begin - tile_.planes.begin,
        .columns = tile_.lateral.size()};
    if (rows.cone) {
      line.start += t * rise;
      line.start_step = rays.t.step * rise;
      line.step = t * rows.step;
      line.step_step = rays.t.step * rows.step;
    } else {
      line.start += row * rows.step;
    }
    FillSteps(line, panel_, steps);
    return true;
  }

 private:
  Tile tile_;
  IndexRange slices_;
  ColumnPanel panel_;
};

}  // namespace tomoslab
