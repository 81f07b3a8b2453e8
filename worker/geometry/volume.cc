#include "worker/geometry/volume.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace tomoslab {
namespace {

constexpr int kMaxCount = 65536;

absl::Status CheckCount(const char* field, int value) {
  if (value >= 1 && value <= kMaxCount) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("volume.%s = %d must be between 1 and %d voxels", field, value, kMaxCount));
}

absl::Status CheckPitch(const char* field, double value_mm) {
  if (std::isfinite(value_mm) && value_mm >= 1e-9 && value_mm <= 1e6) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("volume.%s = %g mm must be between 1e-9 and 1e6 mm (is it in another unit?)",
                      field, value_mm));
}

}  // namespace

IndexRange Intersect(IndexRange a, IndexRange b) {
  const IndexRange both{std::max(a.begin, b.begin), std::min(a.end, b.end)};
  return both.empty() ? IndexRange{both.begin, both.begin} : both;
}

absl::StatusOr<Volume> Volume::Create(const Volume& volume) {
  for (const absl::Status& status :
       {CheckCount("columns", volume.columns), CheckCount("rows", volume.rows),
        CheckCount("slices", volume.slices), CheckPitch("voxel_width_mm", volume.voxel_width_mm),
        CheckPitch("voxel_height_mm", volume.voxel_height_mm)}) {
    if (!status.ok()) return status;
  }
  if (!IsFinite(volume.center_mm) || Norm(volume.center_mm) > 1e7) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "volume.center_mm = (%g, %g, %g) mm is not a finite point near the rotation axis",
        volume.center_mm.x, volume.center_mm.y, volume.center_mm.z));
  }
  return volume;
}

Vec3 Volume::VoxelCenter(double x, double y, double z) const {
  return center_mm + Vec3{(x - (columns - 1) / 2.0) * voxel_width_mm,
                          (y - (rows - 1) / 2.0) * voxel_width_mm,
                          (z - (slices - 1) / 2.0) * voxel_height_mm};
}

double Volume::DiagonalMm() const {
  return std::hypot(columns * voxel_width_mm, rows * voxel_width_mm, slices * voxel_height_mm);
}

Volume Volume::Slices(IndexRange range) const {
  Volume part = *this;
  part.slices = static_cast<int>(range.size());
  const double first = static_cast<double>(range.begin);
  const double last = static_cast<double>(range.begin + range.size() - 1);
  part.center_mm.z = VoxelCenter(0, 0, (first + last) / 2).z;
  return part;
}

std::string Volume::ToString() const {
  return absl::StrFormat(
      "%d x %d x %d voxels of %.6g x %.6g x %.6g mm around (%.6g, %.6g, %.6g) mm", columns, rows,
      slices, voxel_width_mm, voxel_width_mm, voxel_height_mm, center_mm.x, center_mm.y,
      center_mm.z);
}

}  // namespace tomoslab
