#include "server/listening.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "absl/strings/str_format.h"
#include "proto/server_address.h"
#include "worker/core/status.h"

namespace tomoslab {

absl::Status CheckListenOptions(const ListenOptions& options) {
  TOMOSLAB_RETURN_IF_ERROR(CheckTlsFiles(options.tls));
  if (!options.tls.ca.empty() && !UsesTls(options)) {
    return absl::InvalidArgumentError(
        "--tls-client-ca needs --tls-cert and --tls-key: without TLS no client shows a "
        "certificate");
  }
  if (options.tls.ca == kSystemCa) {
    return absl::InvalidArgumentError(
        "--tls-client-ca system would let in whoever has a certificate of any CA; name your own "
        "CA's "
        "file");
  }
  if (options.address.empty() || IsLoopback(options.address) || UsesTls(options) ||
      options.insecure) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("--listen %s can be reached from other machines, and that needs TLS and "
                      "tokens: give --tls-cert "
                      "FILE and --tls-key FILE (docs/deployment.md shows how to make them), or "
                      "--insecure if whoever "
                      "reaches that network may read, change and delete everything",
                      options.address));
}

std::shared_ptr<grpc::ServerCredentials> CredentialsFor(const ListenOptions& options) {
  if (!UsesTls(options)) return grpc::InsecureServerCredentials();
  const TlsFiles& files = options.tls;
  grpc::experimental::TlsServerCredentialsOptions tls(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          files.key, files.certificate, files.ca,
          static_cast<unsigned>(options.tls_reload_seconds)));
  tls.watch_identity_key_cert_pairs();
  if (files.ca.empty()) {
    tls.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  } else {
    tls.watch_root_certs();
    tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(tls);
}

}  // namespace tomoslab
