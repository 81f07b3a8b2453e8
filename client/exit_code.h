// What a script learns from the client: the exit code.
#pragma once

#include "absl/status/status.h"

namespace tomoslab {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,        // the job failed, was cancelled, or was refused
  kExitUsage = 2,         // bad flags, bad input files, unknown names
  kExitUnreachable = 3,   // no server answers
  kExitInterrupted = 130  // Ctrl-C or SIGTERM
};

/// The payload of an error that a server answered.
inline constexpr const char* kSaidByServer = "tomoslab/said-by-server";

/// Prints "tomoslab: what went wrong" on stderr and returns the code that fits. Interrupted wins
/// over everything.
int ReportError(const absl::Status& status);
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace tomoslab
