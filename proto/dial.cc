#include "proto/dial.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/client_interceptor.h>

#include <cstdlib>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/server_address.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr unsigned kReloadSeconds = 30;

/// Adds the token to every call. (gRPC's call credentials would do it too, but only over TLS.)
class TokenSender final : public grpc::experimental::Interceptor {
 public:
  explicit TokenSender(const std::string& header) : header_(header) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace("authorization", header_);
    }
    methods->Proceed();
  }

 private:
  const std::string& header_;
};

class TokenSenders final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenSenders(const std::string& token) : header_(absl::StrCat("Bearer ", token)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new TokenSender(header_);
  }

 private:
  const std::string header_;
};

std::shared_ptr<grpc::ChannelCredentials> Credentials(const TlsFiles& tls) {
  if (tls.ca.empty()) return grpc::InsecureChannelCredentials();
  grpc::experimental::TlsChannelCredentialsOptions options;
  const std::string ca = tls.ca == kSystemCa ? "" : tls.ca;
  if (!ca.empty() || !tls.certificate.empty()) {
    options.set_certificate_provider(
        std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
            tls.key, tls.certificate, ca, kReloadSeconds));
  }
  if (!ca.empty()) options.watch_root_certs();
  if (!tls.certificate.empty()) options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace

void LookAfterConnectionsOften() {
  setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "200", /*overwrite=*/0);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Dial(const ServerChoice& server,
                                                    grpc::ChannelArguments arguments) {
  if (server.tls.ca.empty() && !(server.tls == TlsFiles{})) {
    return absl::InvalidArgumentError(
        "a TLS certificate is given, but no CA to judge the server's by; name its file, or "
        "\"system\"");
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckTlsFiles(server.tls));
  if (!server.token.empty() && server.tls.ca.empty() && !IsLoopback(server.address)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the token would travel readable to %s, on another machine; give the CA of "
                        "the server's TLS "
                        "certificate, or no token",
                        server.address));
  }
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  if (!server.token.empty()) interceptors.push_back(std::make_unique<TokenSenders>(server.token));
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      server.address, Credentials(server.tls), arguments, std::move(interceptors));
}

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: cannot be read, or is empty", path));
  }
  const std::string token(absl::StripAsciiWhitespace(line));
  // Anything else could not be sent as a header.
  for (const char c : token) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: holds no token", path));
    }
  }
  if (!token.empty()) return token;
  return absl::InvalidArgumentError(absl::StrFormat("%s: its first line is empty", path));
}

std::string ExplainTls(const ServerChoice& server, const absl::Status& failure) {
  const std::string why = absl::AsciiStrToLower(failure.message());
  const bool tls = !server.tls.ca.empty();
  if (!tls) {
    // A TLS server ends the connection at the first bytes that are not TLS.
    const bool ended = absl::StrContains(why, "socket closed") ||
                       absl::StrContains(why, "reset by peer") || absl::StrContains(why, "http2") ||
                       absl::StrContains(why, "settings frame");
    return ended ? "something answers there, but not to unencrypted calls; if the server uses TLS, "
                   "name "
                   "its CA with --tls-ca FILE or TOMOSLAB_TLS_CA"
                 : "";
  }
  if (absl::StrContains(why, "wrong version number")) {
    return "the server does not use TLS; leave out --tls-ca and TOMOSLAB_TLS_CA";
  }
  if (absl::StrContains(why, "hostname verification")) {
    return absl::StrFormat(
        "the server's certificate is not for the name %s; use the name it is for, or have "
        "this one added to it (subjectAltName)",
        server.address.substr(0, server.address.rfind(':')));
  }
  if (absl::StrContains(why, "certificate_verify_failed") ||
      absl::StrContains(why, "certificate verify failed")) {
    return absl::StrFormat(
        "the server's certificate was not issued by the CA in %s, or has expired; get the CA "
        "file from whoever runs the server",
        server.tls.ca);
  }
  const bool refused = absl::StrContains(why, "socket closed") || absl::StrContains(why, "alert") ||
                       absl::StrContains(why, "certificate required");
  if (refused && server.tls.certificate.empty()) {
    return "the server ended the handshake: it may want a certificate of yours, --tls-cert FILE "
           "and --tls-key FILE";
  }
  if (refused) {
    return absl::StrFormat("the server ended the handshake: does it know the CA that issued %s?",
                           server.tls.certificate);
  }
  return "";
}

}  // namespace tomoslab
