// How clients and pools reach a server: address, TLS, and who they are.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/tls_files.h"

namespace tomoslab {

struct ServerChoice {
  std::string address;  // HOST:PORT
  TlsFiles tls;         // with ca: encrypted; files that change are read again
  std::string token;    // sent with every call; empty = none
};

/// For the start of main(), before any thread. While calls fail at once because the server cannot
/// be reached, nobody waits on the connection that is being made but gRPC itself, every 5 s: a TLS
/// handshake took 15 s. Now every 0.2 s, unless the environment says otherwise.
void LookAfterConnectionsOften();

/// Connects when first used. InvalidArgument: bad TLS files, or a token that would travel readable
/// to another machine.
absl::StatusOr<std::shared_ptr<grpc::Channel>> Dial(const ServerChoice& server,
                                                    grpc::ChannelArguments arguments);

/// The first line of a file, without blanks around it. InvalidArgument: it cannot be read, or holds
/// no token.
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);

/// Why no server answers, with what to do where the failure is one of TLS or of no TLS; "" where it
/// is neither.
std::string ExplainTls(const ServerChoice& server, const absl::Status& failure);

}  // namespace tomoslab
