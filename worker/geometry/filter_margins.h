// How much wider than the detector FDK's filter works.
#pragma once

#include "worker/geometry/scan.h"

namespace tomoslab {

/// Columns by which one side of the detector reaches farther from the rotation axis than the other,
/// where that matters to the filter: on a detector off the axis and over a full circle, weights
/// fade to 0 at the short side's edge, and voxels beyond it need the ramp filter's tail. 0 for any
/// other scan.
int MarginColumns(const Scan& scan);

}  // namespace tomoslab
