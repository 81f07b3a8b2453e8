#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "worker/geometry/vec3.h"

namespace tomoslab {

/// A half-open range of slices, rows or views.
struct IndexRange {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end > begin ? end - begin : 0; }
  bool empty() const { return end <= begin; }
  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};
IndexRange Intersect(IndexRange a, IndexRange b);

/// A box of voxels. Voxel (x, y, z) has its centre at origin + (x·width, y·width, z·height); inside
/// a rank volumes are stored [y][x][z] (z fastest), in files and on the wire [z][y][x].
struct Volume {
  int columns = 0, rows = 0, slices = 0;           // along x, y, z
  double voxel_width_mm = 0, voxel_height_mm = 0;  // pitch in x and y; in z
  Vec3 center_mm;

  /// Checks every number. InvalidArgument names the field, the value and the likely mistake.
  static absl::StatusOr<Volume> Create(const Volume& volume);

  std::int64_t VoxelCount() const { return std::int64_t{columns} * rows * slices; }
  Vec3 VoxelCenter(double x, double y, double z) const;
  /// From corner to corner: no ray is longer inside.
  double DiagonalMm() const;
  /// The slices [range) of this volume: a volume again.
  Volume Slices(IndexRange range) const;
  std::string ToString()
      const;  // "512 x 512 x 300 voxels of 0.1 x 0.1 x 0.1 mm around (0, 0, 0) mm"
  friend bool operator==(const Volume&, const Volume&) = default;
};

}  // namespace tomoslab
