// A job's materials: between the model of the beam and the report of them.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "tomoslab/v1/job.pb.h"
#include "worker/physics/beam_model.h"

namespace tomoslab {

/// InvalidArgument: not what ToProto and DART make of 1 .. kMostMaterials materials (air first,
/// grey values ascending from 0, one attenuation per energy, finite numbers from 0). The other
/// functions here, and MaterialBasis, want a checked one.
absl::Status CheckMaterials(const v1::MaterialReport& report);

/// Air first, then the model's materials, its energies and their shares; no voxels yet.
v1::MaterialReport ToProto(const BeamModel& model);

/// What ToProto was given, to the last bit.
BeamModel ToBeamModel(const v1::MaterialReport& report);

/// The grey values of all entries but air, 1/mm.
std::vector<double> NodesOf(const v1::MaterialReport& report);

}  // namespace tomoslab
