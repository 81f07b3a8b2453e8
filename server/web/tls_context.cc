#include "server/web/tls_context.h"

#include <openssl/err.h>
#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

absl::Status SslError(const std::string& path) {
  char reason[256] = "unknown reason";
  if (const unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, reason, sizeof reason);
  }
  return absl::InvalidArgumentError(absl::StrFormat("%s: OpenSSL: %s", path, reason));
}

constexpr unsigned char kSessionContext[] = "tomoslab";

}  // namespace

absl::StatusOr<TlsContext::ContextPointer> TlsContext::Load(const TlsFiles& files) {
  TOMOSLAB_RETURN_IF_ERROR(CheckTlsFiles(files));
  ERR_clear_error();
  ContextPointer context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    return SslError(files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return SslError(files.key);
  }
  if (files.ca.empty()) return context;
  if (SSL_CTX_load_verify_locations(context.get(), files.ca.c_str(), nullptr) != 1) {
    return SslError(files.ca);
  }
  SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(files.ca.c_str()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext - 1);
  return context;
}

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Create(const TlsFiles& files,
                                                               std::chrono::seconds reload_every) {
  std::unique_ptr<TlsContext> tls(new TlsContext(files, reload_every));
  tls->times_ = tls->FileTimes();
  tls->looked_at_ = std::chrono::steady_clock::now();
  TOMOSLAB_ASSIGN_OR_RETURN(tls->context_, Load(files));
  return tls;
}

TlsContext::Times TlsContext::FileTimes() const {
  Times times;
  for (const std::string& path : {files_.ca, files_.certificate, files_.key}) {
    std::error_code error;
    times.push_back(std::filesystem::last_write_time(path, error));
  }
  return times;
}

void TlsContext::ReloadIfChanged() {
  const auto now = std::chrono::steady_clock::now();
  if (now < looked_at_ + reload_every_) return;
  looked_at_ = now;
  Times times = FileTimes();
  if (times == times_) return;
  absl::StatusOr<ContextPointer> loaded = Load(files_);
  if (!loaded.ok()) {  // perhaps half written: looked at again next time
    spdlog::warn("web page keeps its old certificate: {}", std::string(loaded.status().message()));
    return;
  }
  context_ = *std::move(loaded);
  times_ = std::move(times);
}

SslPointer TlsContext::NewConnection() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ReloadIfChanged();
  return SslPointer(SSL_new(context_.get()));
}

}  // namespace tomoslab
