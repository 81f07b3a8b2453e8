#include "server/stored_check.h"

#include "proto/values.h"

namespace tomoslab {
namespace {

/// Pixels or voxels along one side.
bool IsSide(int count) { return count >= 1 && count <= 65536; }

}  // namespace

bool IsPossible(const v1::Scan& scan) {
  const v1::Detector& detector = scan.geometry().detector();
  return scan.view_count() >= 1 && scan.flat_count() >= 0 && scan.dark_count() >= 0 &&
         IsSide(detector.rows()) && IsSide(detector.columns()) &&
         BytesPerSample(scan.data_type()) > 0;
}

bool IsPossible(const v1::Job& job) {
  const v1::VolumeGeometry& volume = job.spec().volume();
  return IsSide(volume.columns()) && IsSide(volume.rows()) && IsSide(volume.slices());
}

}  // namespace tomoslab
