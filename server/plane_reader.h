// One plane of a job's volume, in any of the three directions.
#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "server/volume_file.h"
#include "tomoslab/v1/reconstruction.pb.h"

namespace tomoslab {

/// Which plane a request for a slice of the volume means, and its shape. InvalidArgument: there is
/// no such direction. OutOfRange: it lies outside the volume.
absl::StatusOr<v1::PreviewReady> PlaneOfVolume(const v1::VolumeGeometry& volume,
                                               const v1::ReadPreviewRequest& request);
/// The slices that must be there for it.
IndexRange SlicesOf(const v1::PreviewReady& plane, const v1::VolumeGeometry& volume);

/// Streams the plane a chunk of rows at a time. Every line that it touches is read as a whole, so
/// that its checksum is checked: an axial plane reads itself, a coronal one a line of each slice, a
/// sagittal one the whole volume. Memory: two chunks; no message needs more reading than one slice
/// of the volume.
class PlaneReader {
 public:
  /// `plane`: from PlaneOfVolume, and all that it needs must be there.
  PlaneReader(VolumeFile file, const v1::PreviewReady& plane)
      : file_(std::move(file)), plane_(plane) {}
  /// The next rows in order; false at the end. DataLoss: a line is not what was written.
  absl::StatusOr<bool> Next(v1::PreviewChunk* chunk);

 private:
  /// The lines of the volume that a row of the plane needs.
  std::int64_t LinesPerRow() const;
  absl::Status ReadRows(IndexRange rows, float* pixels) const;
  absl::Status ReadColumnOf(IndexRange lines, float* pixels) const;

  VolumeFile file_;
  v1::PreviewReady plane_;
  int next_row_ = 0;
};

}  // namespace tomoslab
