// Requests and answers of the web page's server, without the library that carries them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tomoslab {

struct HttpRequest {
  std::string method;  // GET (also for HEAD), POST or DELETE
  std::string path;
  std::vector<std::string> captures;              // what stands where the route's pattern has {}
  std::multimap<std::string, std::string> query;  // decoded
  std::map<std::string, std::string> headers;     // names in lower case; the first of each name
  std::string body;
  std::string peer;  // as gRPC writes it: "ipv4:192.0.2.7:40000"
  bool tls = false;

  /// "" where there is none.
  std::string Header(const std::string& lower_case_name) const;
  std::string Query(const std::string& name) const;
  std::string Cookie(const std::string& name) const;
};

/// Where a stream's bytes go.
class HttpSink {
 public:
  virtual ~HttpSink() = default;
  /// False: the client is gone or too slow, or the server ends; write no more.
  virtual bool Write(std::string_view data) = 0;
  virtual bool IsOpen() const = 0;
};

struct HttpResponse {
  /// Writes everything on the connection's own thread; false: what was sent is not the whole.
  using Stream = std::function<bool(HttpSink& sink)>;

  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::map<std::string, std::string> headers;
  Stream stream;                              // instead of body
  std::optional<std::int64_t> stream_length;  // bytes; nullopt: known only at the end
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// An answer to show to people.
HttpResponse PlainResponse(int status, std::string text);

}  // namespace tomoslab
