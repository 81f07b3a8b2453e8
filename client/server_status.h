// What a server answers, told apart from what goes wrong here.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "client/exit_code.h"
#include "proto/grpc_status.h"

namespace tomoslab {

/// As FromGrpc; an error is marked as the server's, so that its exit code says "refused" and not
/// "bad input".
inline absl::Status FromServer(const grpc::Status& answer) {
  absl::Status status = FromGrpc(answer);
  if (!status.ok()) status.SetPayload(kSaidByServer, absl::Cord());
  return status;
}

}  // namespace tomoslab
