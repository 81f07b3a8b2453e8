// A tile of voxel columns, copied next to each other.
#pragma once

#include <algorithm>
#include <cstdint>

#include "worker/projector/column_geometry.h"
#include "worker/projector/column_kernels.h"
#include "worker/projector/column_tiles.h"

namespace tomoslab {

/// Slices of the voxel columns of a tile, [lateral][plane][z].
class TileColumns {
 public:
  TileColumns(const Tile& tile, IndexRange slices, AlignedFloats& storage)
      : tile_(tile), slices_(slices) {
    panel_.length = slices.size();
    // A few cache lines more than a power of two: neighbours must not meet in the same cache set.
    panel_.neighbour_stride = tile.planes.size() * panel_.length + 48;
    panel_.samples = storage.Resize(size());
  }

  const ColumnPanel& columns() const { return panel_; }
  std::int64_t size() const { return tile_.lateral.size() * panel_.neighbour_stride; }
  float* Column(std::int64_t lateral, std::int64_t plane) const {
    return panel_.samples + (lateral - tile_.lateral.begin) * panel_.neighbour_stride +
           (plane - tile_.planes.begin) * panel_.length;
  }

  /// Copies the columns of x, [y][x][z] with `slices` slices; zeros where there are none.
  void Pack(const float* x, const Lattice& lattice, std::int64_t slices) const {
    // Along the volume's rows: neighbours in memory one after the other.
    const bool planes_inside = tile_.main == MainAxis::kX;
    const IndexRange outer = planes_inside ? tile_.lateral : tile_.planes,
                     inner = planes_inside ? tile_.planes : tile_.lateral;
    for (std::int64_t i = outer.begin; i < outer.end; ++i) {
      for (std::int64_t k = inner.begin; k < inner.end; ++k) {
        const std::int64_t c = planes_inside ? i : k, j = planes_inside ? k : i;
        const bool exists = c >= 0 && c < lattice.columns;
        CopyPadded(exists ? x + lattice.Offset(j, c) : nullptr, slices, slices_, Column(c, j));
      }
    }
  }

  void Clear() const { std::fill_n(panel_.samples, size(), 0.0f); }

  /// Adds the columns of `voxels`, which lie within the tile, to x: `count` slices from the first.
  void Unpack(const Tile& voxels, const Lattice& lattice, std::int64_t count, float* x) const {
    for (std::int64_t c = voxels.lateral.begin; c < voxels.lateral.end; ++c) {
      for (std::int64_t j = voxels.planes.begin; j < voxels.planes.end; ++j) {
        const float* column = Column(c, j);
        float* to = x + lattice.Offset(j, c) + slices_.begin;
        for (std::int64_t z = 0; z < count; ++z) to[z] += column[z];
      }
    }
  }

 protected:
  const Tile& tile() const { return tile_; }
  IndexRange slices() const { return slices_; }

 private:
  Tile tile_;
  IndexRange slices_;
  ColumnPanel panel_;
};

/// The voxel columns of one tile and the column after it: zeros (or scratch) at each lateral end of
/// the volume.
class TilePanel : public TileColumns {
 public:
  TilePanel(const Tile& tile, IndexRange slices, AlignedFloats& storage)
      : TileColumns({tile.main, tile.planes, {tile.lateral.begin, tile.lateral.end + 1}}, slices,
                    storage),
        lateral_(tile.lateral) {}

  /// The steps in which rays of this column cross the tile. Outputs start at detector row `row`.
  bool Fill(const RayColumn& rays, const ViewRows& rows, double row, ColumnSteps& steps) const {
    const IndexRange planes = PlanesBetween(rays, static_cast<double>(lateral_.begin),
                                            static_cast<double>(lateral_.end), tile().planes);
    if (planes.empty()) return false;
    const double t = rays.t(planes.begin), rise = rows.slope + row * rows.step;
    StraightSteps line{.count = static_cast<int>(planes.size()),
                       .lateral = rays.lateral(planes.begin) - static_cast<double>(lateral_.begin),
                       .lateral_step = rays.lateral.step,
                       .start = rows.base - static_cast<double>(slices().begin),
                       .start_step = 0,
                       .step = rows.step,
                       .step_step = 0,
                       .plane = planes.begin - tile().planes.begin,
                       .columns = lateral_.size()};
    if (rows.cone) {
      line.start += t * rise;
      line.start_step = rays.t.step * rise;
      line.step = t * rows.step;
      line.step_step = rays.t.step * rows.step;
    } else {
      line.start += row * rows.step;
    }
    FillSteps(line, columns(), steps);
    return true;
  }

 private:
  IndexRange lateral_;  // where rays belong to the tile
};

}  // namespace tomoslab
