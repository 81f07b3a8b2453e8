// What follows from a job's volume, voxel by voxel: labels, virtual monochromatic volumes, maps of
// a material.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tomoslab/v1/job.pb.h"
#include "worker/physics/material_basis.h"

namespace tomoslab {

/// From stored attenuation (1/mm) to what a reader asked for.
class ContentOfVolume {
 public:
  /// The attenuation as it is stored.
  ContentOfVolume() = default;
  /// FailedPrecondition: the job has no materials, or no beam model for a virtual energy.
  /// InvalidArgument: a material that it does not have, an energy that its materials do not cover.
  static absl::StatusOr<ContentOfVolume> Create(const v1::Job& job,
                                                const v1::VolumeContent& content);

  /// 1 for labels (uint8), else 4 (float32).
  std::size_t bytes_per_voxel() const { return labels_ ? 1 : sizeof(float); }
  /// The same number of voxels, bytes_per_voxel() each, little endian.
  std::string Convert(absl::Span<const float> attenuation_per_mm) const;

 private:
  std::optional<MaterialBasis> basis_;
  bool labels_ = false;
  std::function<double(const MaterialBasis&, double)> map_;  // neither: stored values
};

/// 1 for labels, else 4.
std::size_t BytesPerVoxel(const v1::VolumeContent& content);

}  // namespace tomoslab
