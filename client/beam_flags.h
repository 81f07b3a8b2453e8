// The command line flags that say what the X-rays are.
#pragma once

#include <CLI/CLI.hpp>

#include "client/beam_options.h"

namespace tomoslab {

enum class BeamFlags { kBeamOnly, kWithMaterials };

/// `beam` outlives `command`.
void AddBeamFlags(CLI::App& command, BeamOptions& beam, BeamFlags which);

}  // namespace tomoslab
