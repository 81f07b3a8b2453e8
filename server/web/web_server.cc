#include "server/web/web_server.h"

#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/server_address.h"
#include "server/web/origin_rules.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

struct HostAndPort {
  std::string host;  // without brackets
  int port = 0;
};

absl::StatusOr<HostAndPort> Split(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  int port = -1;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) ||
      port < 0 || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--web %s is neither ADDRESS:PORT nor none", address));
  }
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return HostAndPort{host.empty() || host == "*" ? "0.0.0.0" : host, port};
}

/// What a browser may do with what this server sends: nothing but show it.
std::map<std::string, std::string> SafeHeaders() {
  return {{"Content-Security-Policy",
           "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
           "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
          {"X-Content-Type-Options", "nosniff"},
          {"X-Frame-Options", "DENY"},
          {"Referrer-Policy", "no-referrer"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"},
          {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"}};
}

/// The host by which this machine itself reaches the page.
std::string DialedHost(const std::string& host) {
  if (host == "0.0.0.0" || host == "::") return "127.0.0.1";
  return host.find(':') == std::string::npos ? host : absl::StrCat("[", host, "]");
}

}  // namespace

std::string WebAddress(const WebOptions& options, const std::string& grpc_address) {
  if (options.address == "none") return "";
  if (!options.address.empty()) return options.address;
  const absl::StatusOr<HostAndPort> grpc = Split(grpc_address);
  if (!grpc.ok() || grpc->port == std::numeric_limits<std::uint16_t>::max()) return "";
  const std::string host = grpc_address.substr(0, grpc_address.rfind(':'));
  return absl::StrFormat("%s:%d", host, grpc->port == 0 ? 0 : grpc->port + 1);
}

absl::Status CheckWebOptions(const WebOptions& options, const ListenOptions& listen) {
  const std::string address = WebAddress(options, listen.address);
  if (address.empty()) return absl::OkStatus();
  TOMOSLAB_RETURN_IF_ERROR(Split(address).status());
  if (IsLoopback(address) || UsesTls(listen) || listen.insecure) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "--web %s can be reached from other machines, and that needs TLS and tokens: give --tls-cert "
      "FILE and --tls-key FILE (docs/deployment.md shows how to make them), or --insecure if "
      "whoever reaches that network may read, change and delete everything",
      address));
}

WebServer::WebServer(std::shared_ptr<grpc::Channel> in_process)
    : access_(v1::Access::NewStub(std::move(in_process))) {}

absl::Status WebServer::CheckRole(const HttpRequest& request, v1::Role least) const {
  if (least == v1::ROLE_UNSPECIFIED) return absl::OkStatus();
  TOMOSLAB_ASSIGN_OR_RETURN(
      const v1::Identity caller,
      Call<v1::Identity>(*access_, &v1::Access::Stub::WhoAmI, request, v1::WhoAmIRequest()));
  if (caller.role() != v1::ROLE_POOL && caller.role() >= least) return absl::OkStatus();
  return absl::PermissionDeniedError("your token's role does not allow this");
}

void WebServer::Route(const std::string& method, const std::string& pattern, v1::Role least,
                      HttpHandler handler) {
  http_.Route(method, pattern,
              [this, least, handler = std::move(handler)](const HttpRequest& request) {
                const absl::Status allowed = CheckRole(request, least);
                return allowed.ok() ? handler(request) : ErrorResponse(allowed);
              });
}

absl::Status WebServer::Start(const std::string& address, const WebOptions& options,
                              const ListenOptions& listen) {
  TOMOSLAB_ASSIGN_OR_RETURN(const HostAndPort where, Split(address));
  HttpOptions http;
  http.host = where.host;
  http.port = where.port;
  if (UsesTls(listen)) {
    TOMOSLAB_ASSIGN_OR_RETURN(
        http.tls, TlsContext::Create(listen.tls, std::chrono::seconds(listen.tls_reload_seconds)));
  }
  http_.SetGuard([rules = std::make_shared<OriginRules>(UsesTls(listen), options.names)](
                     const HttpRequest& request) { return rules->Check(request); });
  http_.SetDefaultHeaders(SafeHeaders());
  TOMOSLAB_RETURN_IF_ERROR(http_.Start(http));
  address_ = absl::StrFormat("%s:%d", DialedHost(where.host), http_.port());
  return absl::OkStatus();
}

}  // namespace tomoslab
