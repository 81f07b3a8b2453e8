// What is particular about the messages of DART and poly-DART: their checks and defaults.
#pragma once

#include "absl/status/status.h"
#include "tomoslab/v1/job.pb.h"

namespace tomoslab {

/// The loop of DART or poly-DART; nullptr for other algorithms.
v1::DartLoop* MutableDartLoop(v1::Algorithm* algorithm);
const v1::DartLoop* DartLoopOf(const v1::Algorithm& algorithm);

/// Checks DART or poly-DART; OK for anything else.
absl::Status CheckDart(const v1::Algorithm& algorithm);

/// Writes the defaults of DART or poly-DART out; leaves anything else alone.
void CompleteDart(v1::Algorithm* algorithm);

/// The updates of the start image that a job makes before its outer loop: none when it starts from
/// an image, or is neither DART nor poly-DART.
int DartStartIterations(const v1::JobSpec& spec);

}  // namespace tomoslab
