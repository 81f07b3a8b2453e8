// A scan's geometry: constructors for every trajectory, all of which give the same normal form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/geometry/view.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

struct Detector {
  int rows = 0, columns = 0;
  double pixel_width_mm = 0, pixel_height_mm = 0;  // along columns (u), along rows (v)
  friend bool operator==(const Detector&, const Detector&) = default;
};

/// Source and detector on a circle around z. At angle θ, with c = cos θ, s = sin θ, u = (c, s, 0):
///   source          = SOD·(s, −c, 0) − axis_offset·u                       (parallel: direction
///   (s, −c, 0)) detector centre = (SDD − SOD)·(−s, c, 0) + (shift_u − axis_offset)·u + shift_v·z
///   columns along cos ρ·u + sin ρ·z, rows along −sin ρ·u + cos ρ·z         (ρ = detector rotation)
struct CircularOrbit {
  Beam beam = Beam::kCone;
  double source_object_distance_mm = 0,
         source_detector_distance_mm = 0;  // ignored for parallel beam
  double detector_shift_u_mm = 0, detector_shift_v_mm = 0;
  double rotation_axis_offset_mm = 0;
  double detector_rotation_rad = 0;
  std::vector<double> angle_rad;  // one per view
  friend bool operator==(const CircularOrbit&, const CircularOrbit&) = default;
};

/// Geometry of all views. Made by one of the two functions below, which check everything; immutable
/// in spirit.
struct Scan {
  Detector detector;
  std::vector<View> views;
  std::optional<CircularOrbit>
      orbit;  // set when made from one; FDK, axis finding and redundancy weights need it

  std::int64_t PixelCount() const {
    return std::int64_t{detector.rows} * detector.columns * static_cast<std::int64_t>(views.size());
  }
  friend bool operator==(const Scan&, const Scan&) = default;
};

/// InvalidArgument names the field, the value, the unit and the likely mistake.
absl::StatusOr<Scan> MakeCircularScan(const Detector& detector, const CircularOrbit& orbit);
absl::StatusOr<Scan> MakeVectorScan(const Detector& detector, Beam beam,
                                    absl::Span<const double> astra_vectors);

/// The views [range) of a scan: a scan again.
Scan Views(const Scan& scan, IndexRange range);

/// The column (fractional, from 0) on which the rotation axis projects, and the shift that puts it
/// there.
double RotationAxisColumn(const Detector& detector, const CircularOrbit& orbit);
double DetectorShiftForAxisColumn(const Detector& detector, const CircularOrbit& orbit,
                                  double column);

/// A volume that holds what the scan sees: voxels of the detector's pixel size over the
/// magnification, as wide as the field of view (the full one for a shifted detector over 360°), as
/// many slices as detector rows, on the axis.
Volume DefaultVolume(const Scan& scan);

/// Fails (InvalidArgument) when a view's source lies inside the volume's bounding box or the volume
/// reaches behind it; returns a warning text when no voxel projects onto the detector in some view,
/// "" when all is well.
absl::StatusOr<std::string> CheckScanSeesVolume(const Scan& scan, const Volume& volume);

}  // namespace tomoslab
