// Messages read back from the database. A flipped bit may leave one that can be parsed: what the
// server divides by, multiplies and allots must still be possible.
#pragma once

#include "tomoslab/v1/job.pb.h"
#include "tomoslab/v1/scan.pb.h"

namespace tomoslab {

/// Whole, with its geometry.
bool IsPossible(const v1::Scan& scan);
bool IsPossible(const v1::Job& job);

}  // namespace tomoslab
