// The web page's listener: connections in a bounded number of threads, routes, and what holds for
// every request. A handler is one line:
//
//   server.Route("GET", "/api/jobs/{}", [](const HttpRequest& request) { return …; });
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/web/http_connection.h"
#include "server/web/http_message.h"
#include "server/web/tls_context.h"

namespace tomoslab {

struct HttpOptions {
  std::string host;  // a name or an address of this machine
  int port = 0;      // 0 = any
  int most_connections = 320;
  ConnectionBounds bounds;
  std::shared_ptr<TlsContext> tls;  // null = plain
};

class HttpServer {
 public:
  HttpServer();
  ~HttpServer();  // stops

  /// Before Start. `pattern` matches a whole path; {} stands for one part of it. Of several that
  /// match, the first one given counts. GET answers HEAD too.
  void Route(std::string method, const std::string& pattern, HttpHandler handler);
  /// Before Start. What it answers goes out instead of the route's answer.
  using Guard = std::function<std::optional<HttpResponse>(const HttpRequest&)>;
  void SetGuard(Guard guard);
  /// Before Start. Added to every answer that does not set them itself.
  void SetDefaultHeaders(std::map<std::string, std::string> headers);

  /// InvalidArgument: the address is in use, or not of this machine.
  absl::Status Start(const HttpOptions& options);
  int port() const { return port_; }
  /// Ends every connection; sinks fail from now on. Returns when no handler runs any more.
  void Stop();

 private:
  class Library;  // the one place that knows the HTTP library
  struct Entry {
    std::string method;
    std::vector<std::string> parts;
    HttpHandler handler;
  };
  HttpResponse Answer(HttpRequest request) const;

  std::vector<Entry> routes_;
  Guard guard_;
  std::map<std::string, std::string> default_headers_;
  std::unique_ptr<Library> library_;
  std::thread thread_;
  int port_ = 0;
};

}  // namespace tomoslab
