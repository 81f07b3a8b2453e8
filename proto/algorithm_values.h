// The algorithms of a job: their checks, their defaults, and what other code asks of any of them.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tomoslab/v1/job.pb.h"

namespace tomoslab {

/// Checks an algorithm by itself; what it asks of the scan or of the job is ValidateJobSpec's
/// business.
absl::Status CheckAlgorithm(const v1::Algorithm& algorithm);
absl::Status CheckFdk(const v1::Fdk& fdk);

/// Writes every default out.
void CompleteAlgorithm(v1::Algorithm* algorithm);
void CompleteFdk(v1::Fdk* fdk);

/// "bb", "poly-bb", ...; "" when none is set.
const char* AlgorithmName(const v1::Algorithm& algorithm);
/// Sets the algorithm of this name ("fbp" is "fdk"), and keeps its fields if it is the one that is
/// set already. False: there is none of this name.
bool ChooseAlgorithm(std::string_view name, v1::Algorithm* algorithm);
/// "fdk, sirt, cgls, bb, ...": all of them, for messages.
std::string AlgorithmNames();

/// The most updates a job can do; 0 for FDK.
int IterationsPlanned(const v1::JobSpec& spec);
/// nullptr for FDK.
v1::Stopping* MutableStopping(v1::Algorithm* algorithm);
/// nullptr for algorithms without bounds.
v1::Bounds* MutableBounds(v1::Algorithm* algorithm);

/// Whether it needs JobSpec.beam_model.
bool IsPolychromatic(const v1::Algorithm& algorithm);

}  // namespace tomoslab
