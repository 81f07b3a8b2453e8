// What a server answers, told apart from what goes wrong here.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "client/exit_code.h"
#include "client/interrupt.h"
#include "proto/grpc_status.h"

namespace tomoslab {

/// As FromGrpc; an error is marked as the server's, so that its exit code says "refused" and not
/// "bad input".
inline absl::Status FromServer(const grpc::Status& answer) {
  absl::Status status = FromGrpc(answer);
  // Nobody here cancelled it, so the server did: a reader that is too slow, a token that has ended.
  if (absl::IsCancelled(status) && !Interrupted()) {
    status = absl::UnavailableError(absl::StrCat(
        "the server cut the stream, because it moved too slowly or the token has ended (",
        std::string(status.message()), ")"));
  }
  if (!status.ok()) status.SetPayload(kSaidByServer, absl::Cord());
  return status;
}

}  // namespace tomoslab
