// The web page's side of TLS: the same files as gRPC's, read again when they change.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/tls_files.h"
#include "server/web/http_connection.h"

namespace tomoslab {

/// Thread-safe.
class TlsContext {
 public:
  /// InvalidArgument as CheckTlsFiles; also what OpenSSL does not take. files.ca: clients must show
  /// a certificate that it issued.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Create(const TlsFiles& files,
                                                            std::chrono::seconds reload_every);
  /// For one connection, with the files as they are now (or were, while they are no good).
  SslPointer NewConnection();

 private:
  struct ContextDeleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using ContextPointer = std::unique_ptr<SSL_CTX, ContextDeleter>;
  using Times = std::vector<std::filesystem::file_time_type>;

  TlsContext(const TlsFiles& files, std::chrono::seconds reload_every)
      : files_(files), reload_every_(reload_every) {}
  static absl::StatusOr<ContextPointer> Load(const TlsFiles& files);
  Times FileTimes() const;
  void ReloadIfChanged();

  const TlsFiles files_;
  const std::chrono::seconds reload_every_;
  std::mutex mutex_;
  ContextPointer context_;
  Times times_;
  std::chrono::steady_clock::time_point looked_at_;
};

}  // namespace tomoslab
