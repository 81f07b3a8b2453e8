// absl::Status ↔ grpc::Status, only here.
#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace tomoslab {

/// A delay noted by SetRetryDelay travels as google.rpc.RetryInfo.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

/// When to try again, as part of an error.
void SetRetryDelay(std::chrono::milliseconds delay, absl::Status* status);
std::optional<std::chrono::milliseconds> RetryDelay(const absl::Status& status);

}  // namespace tomoslab
