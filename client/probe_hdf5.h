// Damaged HDF5 files can crash or hang the HDF5 library itself. This tries a file where that does
// no harm.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace tomoslab {

/// Reads all that an import reads of the file in a child process. DataLoss when that crashes or
/// takes longer than `seconds`; OK otherwise, also for files that the import refuses in order (it
/// will say why).
absl::Status ProbeHdf5(const std::string& path, int seconds = 20);

}  // namespace tomoslab
