// Who owns what: slices of the volume and rows of the detector, per rank; and the shadow of a slab.
#pragma once

#include "absl/types/span.h"
#include "worker/geometry/scan.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// The slices of rank `rank` of `ranks`: contiguous, sizes differ by at most one, none empty while
/// ranks ≤ slices.
IndexRange SlabOf(std::int64_t slices, int ranks, int rank);

/// The detector rows [begin, end) that rank owns: every row has exactly one owner, bands ascend or
/// descend with z. Bands may be empty (a fan beam has one row). A row's owner is the rank whose
/// slab the row's rays meet at the axis.
std::vector<IndexRange> RowOwners(const Scan& scan, const Volume& volume, int ranks);

/// The detector rows [begin, end) that the voxels of slices `slab` can touch in any of the views
/// `views` (interpolation margin included). Empty when the slab casts no shadow on the detector.
IndexRange ShadowRows(const Scan& scan, const Volume& volume, IndexRange slab, IndexRange views);
/// The same of these views.
IndexRange ShadowRows(absl::Span<const View> views, int detector_rows, const Volume& volume,
                      IndexRange slab);

}  // namespace tomoslab
