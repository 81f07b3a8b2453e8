// The command line flags that say how to reconstruct.
#pragma once

#include <CLI/CLI.hpp>

#include "client/job_options.h"

namespace tomoslab {

/// `job` outlives `command`.
void AddJobFlags(CLI::App& command, JobOptions& job);

}  // namespace tomoslab
