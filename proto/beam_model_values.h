// The beam model of a job, from its message to checked values: one place for client, server and
// ranks.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tomoslab/v1/beam_model.pb.h"
#include "worker/geometry/volume.h"
#include "worker/physics/make_beam_model.h"

namespace tomoslab {

/// InvalidArgument names the field, the value and the likely mistake. Materials are resolved, their
/// names filled in; what needs the whole description (CheckBeamModel) is not checked yet.
absl::StatusOr<BeamDescription> ToBeamDescription(const v1::BeamModel& message);

/// All that can be wrong with a beam model for this volume, in a few milliseconds; the warnings are
/// those that MakeBeamModel gives, but for one about the compression.
absl::StatusOr<std::vector<std::string>> CheckBeamModel(const v1::BeamModel& message,
                                                        const Volume& volume);

/// ToBeamDescription and worker/physics's MakeBeamModel for all rays through the volume.
absl::StatusOr<MadeBeamModel> MakeBeamModel(const v1::BeamModel& message, const Volume& volume);

}  // namespace tomoslab
