// How the voxels of a volume field lie, and how a rank sees the slices next to its own.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// The slices next to a rank's own, as bytes; empty where the volume ends, or for a rank without
/// slices.
struct HaloBytes {
  std::vector<char> below, above;
};

/// Exchanges slices between neighbouring slabs.
class SliceHalo {
 public:
  virtual ~SliceHalo() = default;

  /// Collective. Neighbours are the nearest ranks that hold slices.
  ///   first, last: this rank's outermost slices, the same number of bytes on every rank that has
  ///   any.   local: the slices held here; the ranks' ranges ascend.
  virtual HaloBytes Exchange(absl::Span<const char> first, absl::Span<const char> last,
                             IndexRange local) const = 0;
};

/// One rank that has everything.
class LocalHalo : public SliceHalo {
 public:
  HaloBytes Exchange(absl::Span<const char>, absl::Span<const char>, IndexRange) const override {
    return {};
  }
};

/// The voxels [row · columns + column][slice] of a volume field.
struct VoxelGrid {
  std::int64_t columns = 0, rows = 0, slices = 0;  // of the whole volume
  IndexRange slab;                                 // the slices held here; may be empty
  const SliceHalo* halo = nullptr;                 // outlives the grid

  std::int64_t outer() const { return rows * columns; }
  std::int64_t local_voxels() const { return outer() * slab.size(); }
  std::int64_t voxels() const { return outer() * slices; }
};

}  // namespace tomoslab
