// Tiles of voxel columns that fit in a core's cache, and the memory they are copied to.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "worker/projector/column_geometry.h"

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

/// Views that one task takes of `views`, when each view has `blocks` blocks: enough tasks to keep
/// all threads busy, enough views to be worth the copy of a tile.
std::int64_t ViewsPerTask(std::int64_t views, std::int64_t blocks);

}  // namespace tomoslab
