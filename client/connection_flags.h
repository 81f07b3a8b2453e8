// The flags that say where the server is and how to reach it; also by environment and by a file.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/status.h"
#include "proto/dial.h"

namespace tomoslab {

enum class ServerAddress { kDefault, kOptional };

/// --server, --tls-ca, --tls-cert, --tls-key, --token-file; what is not given comes from
/// TOMOSLAB_SERVER, TOMOSLAB_TLS_CA, TOMOSLAB_TLS_CERT, TOMOSLAB_TLS_KEY, TOMOSLAB_TOKEN_FILE,
/// TOMOSLAB_TOKEN. kOptional: no server unless the flag names one.
void AddConnectionFlags(CLI::App& command, ServerChoice& server,
                        ServerAddress address = ServerAddress::kDefault);

std::string DefaultServer();

/// Puts what $XDG_CONFIG_HOME/tomoslab/client.conf (else ~/.config/tomoslab/client.conf) says into
/// the environment, where that does not say it already. Lines "server = HOST:PORT", "tls-ca =
/// FILE", ...; # begins a comment. No file is no error. InvalidArgument names the line.
absl::Status ReadConnectionFile();

}  // namespace tomoslab
