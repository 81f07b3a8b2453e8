#include "client/exit_code.h"

#include <cstdio>
#include <string>

#include "client/interrupt.h"

namespace tomoslab {

ExitCode ExitCodeOf(const absl::Status& status) {
  const bool unreachable = status.code() == absl::StatusCode::kUnavailable ||
                           status.code() == absl::StatusCode::kDeadlineExceeded;
  if (!unreachable && status.GetPayload(kSaidByServer)) return kExitFailed;
  if (unreachable) return kExitUnreachable;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kDataLoss:
      return kExitUsage;
    default:
      return kExitFailed;
  }
}

int ReportError(const absl::Status& status) {
  if (Interrupted()) {
    std::fprintf(stderr, "tomoslab: interrupted\n");
    return kExitInterrupted;
  }
  if (!status.ok()) {
    std::fflush(stdout);
    std::fprintf(stderr, "tomoslab: %s\n", std::string(status.message()).c_str());
  }
  return ExitCodeOf(status);
}

}  // namespace tomoslab
