// Finding the rotation axis in the data.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/geometry/scan.h"

namespace tomoslab {

struct RotationAxis {
  double column = 0;               // where the axis projects; fractional, from 0, at pixel centres
  double uncertainty_columns = 0;  // the squared mismatch doubles this far away
  double mismatch = 0;             // of conjugate rays there (ConjugateRays::Mismatch)
  double typical_mismatch = 0;     // median over all columns that were tried
  std::string ToString()
      const;  // "column 296.02 ± 0.31 (conjugate rays differ by 3.1 % there, typically by 58 %)"
};

/// The column at which conjugate rays agree best, from coarse to fine, to a fraction of a column.
///   sinogram: line integrals [view][column] of the detector's row nearest to the orbit's plane.
///   detector, orbit: as known; the orbit's detector_shift_u_mm does not matter.
/// Needs opposite views: in parallel beam half a turn (the last view may be one step short of it),
/// in fan and cone beams more than that, best a full turn. FailedPrecondition when the views have
/// no conjugates or the data cannot tell, with what to do.
absl::StatusOr<RotationAxis> FindRotationAxis(absl::Span<const float> sinogram,
                                              const Detector& detector, const CircularOrbit& orbit);

}  // namespace tomoslab
