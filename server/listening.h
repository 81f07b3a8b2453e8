// Where the server listens, and what a connection must bring: the rules that keep an open door from
// being left open by mistake.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "proto/tls_files.h"

namespace tomoslab {

struct ListenOptions {
  std::string address = "127.0.0.1:50177";  // empty: only InProcessChannel; port 0: any
  TlsFiles tls;  // certificate and key: encrypted; ca: clients must show a certificate it issued
  bool authenticate = false;    // tokens also without TLS; with TLS always
  bool insecure = false;        // another address than the loopback's without TLS
  int tls_reload_seconds = 10;  // how often TLS files are looked at for changes
};

inline bool UsesTls(const ListenOptions& options) { return !options.tls.certificate.empty(); }
inline bool NeedsTokens(const ListenOptions& options) {
  return options.authenticate || UsesTls(options);
}

/// InvalidArgument, with what to do: others would reach the server without TLS and tokens; TLS
/// files that cannot be used.
absl::Status CheckListenOptions(const ListenOptions& options);

/// For options that have been checked. Files that change are read again; connections that are open
/// stay.
std::shared_ptr<grpc::ServerCredentials> CredentialsFor(const ListenOptions& options);

}  // namespace tomoslab
