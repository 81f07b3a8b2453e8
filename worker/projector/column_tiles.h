// Tiles of voxel columns that fit in a core's cache, and the memory they are copied to.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "worker/core/parallel.h"
#include "worker/projector/column_geometry.h"
#include "worker/projector/column_kernels.h"

namespace tomoslab {

/// The voxel columns of a slab [y][x][z] as planes across a main axis.
struct Lattice {
  std::int64_t planes, columns;  // along the main axis, and along the other
  std::int64_t plane_stride, column_stride;

  Lattice(const Volume& slab, MainAxis main);
  std::int64_t Offset(std::int64_t plane, std::int64_t column) const {
    return plane * plane_stride + column * column_stride;
  }
};

/// Memory that begins on a cache line and is kept from one use to the next; its numbers are not.
class AlignedFloats {
 public:
  float* Resize(std::int64_t count);

 private:
  struct Free {
    void operator()(float* memory) const;
  };
  std::unique_ptr<float, Free> memory_;
  std::int64_t capacity_ = 0;
};

/// Numbers that fill about half of a core's cache.
std::int64_t CachedFloats();

/// Side of a square tile whose columns of `samples` numbers fill about half of a core's cache; at
/// most ColumnSteps::kCapacity.
std::int64_t TileSide(std::int64_t samples);

/// planes × lateral cut into tiles of `side` × `side`.
std::vector<Tile> TilesOf(MainAxis main, IndexRange planes, IndexRange lateral, std::int64_t side);

/// to[0 …) ← line[range), with zeros outside [0, count) and everywhere if line is null.
void CopyPadded(const float* line, std::int64_t count, IndexRange range, float* to);

/// Views that have columns along one main axis, for one task of a forward projection.
struct AxisRun {
  MainAxis main;
  std::vector<std::int64_t> views;
};
/// All of `views` views, when each run is done for `blocks` blocks of rows: enough tasks to keep
/// all threads busy, enough views in each to be worth the copy of a tile.
std::vector<AxisRun> RunsByAxis(const ColumnGeometry& geometry, std::int64_t views,
                                std::int64_t blocks);

/// run(tile, block) for every tile of voxel columns and block of kBlock slices, in parallel; no two
/// of them share a voxel. One main axis after the other.
template <class Run>
void ForVoxelTiles(const Volume& slab, Run&& run) {
  const std::int64_t blocks = DivideUp(slab.slices, kBlock);
  for (const MainAxis main : {MainAxis::kX, MainAxis::kY}) {
    const Lattice lattice(slab, main);
    const std::vector<Tile> tiles =
        TilesOf(main, {0, lattice.planes}, {0, lattice.columns}, TileSide(kBlock));
    ParallelFor(0, static_cast<std::int64_t>(tiles.size()) * blocks,
                [&](std::int64_t task) { run(tiles[task / blocks], task % blocks); });
  }
}

}  // namespace tomoslab
