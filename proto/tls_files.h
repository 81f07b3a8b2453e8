// The files of a TLS connection, checked before gRPC sees them: gRPC itself only says that a
// handshake failed.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace tomoslab {

/// Files in PEM. Empty = none.
struct TlsFiles {
  std::string ca;           // certificates by which the other side's is judged
  std::string certificate;  // this side's, with those between it and the CA behind it
  std::string key;          // its private key, not encrypted
  bool operator==(const TlsFiles&) const = default;
};

/// The value of TlsFiles::ca that stands for the CAs that the operating system trusts.
inline constexpr const char* kSystemCa = "system";

/// InvalidArgument names the file and what is wrong: not there, not PEM, certificate and key do not
/// belong together, one is given without the other, the certificate has expired or is not valid
/// yet.
absl::Status CheckTlsFiles(const TlsFiles& files);

}  // namespace tomoslab
