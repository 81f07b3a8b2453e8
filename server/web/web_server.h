// The web page: where it listens, what holds for every request, and its routes. Others add theirs
// with Route.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/listening.h"
#include "server/web/http_server.h"
#include "server/web/web_call.h"
#include "tomoslab/v1/access.grpc.pb.h"

namespace tomoslab {

struct WebOptions {
  std::string address;             // "host:port", port 0 = any; "none"; "" = gRPC's host, next port
  std::vector<std::string> names;  // by which browsers reach it, beside this machine's own
};

/// Where the page listens, given where gRPC does; "" = nowhere.
std::string WebAddress(const WebOptions& options, const std::string& grpc_address);

/// gRPC's rules (CheckListenOptions) for the page's address. InvalidArgument, with what to do.
absl::Status CheckWebOptions(const WebOptions& options, const ListenOptions& listen);

class WebServer {
 public:
  explicit WebServer(std::shared_ptr<grpc::Channel> in_process);

  /// Before Start. Only callers with this role or more reach the handler; ROLE_UNSPECIFIED: all.
  void Route(const std::string& method, const std::string& pattern, v1::Role least,
             HttpHandler handler);

  /// InvalidArgument: address or files cannot be used. With TLS as gRPC's (same files, reloaded).
  absl::Status Start(const std::string& address, const WebOptions& options,
                     const ListenOptions& listen);
  /// "host:port"; "" before Start.
  const std::string& address() const { return address_; }
  void Stop() { http_.Stop(); }

 private:
  /// Ok, or why the browser may not go on.
  absl::Status CheckRole(const HttpRequest& request, v1::Role least) const;

  std::unique_ptr<v1::Access::Stub> access_;
  HttpServer http_;
  std::string address_;
};

}  // namespace tomoslab
