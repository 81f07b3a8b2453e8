// A field's numbers by planes of its inner axis: the slices of a volume, the rows of a detector.
// The one place where whole fields enter and leave a rank's own layout.
#pragma once

#include "worker/geometry/volume.h"
#include "worker/operators/field.h"

namespace tomoslab {

/// out ← [plane][outer] of the planes [planes), counted from the first that is held here. Reads
/// every cache line once when planes are taken kPlanesAtATime by kPlanesAtATime, or all at once.
void TakePlanes(const Field& x, IndexRange planes, float* out);
/// The reverse: planes ← [plane][outer].
void PutPlanes(const float* planes, IndexRange range, Field& x);

inline constexpr std::int64_t kPlanesAtATime = 16;

}  // namespace tomoslab
