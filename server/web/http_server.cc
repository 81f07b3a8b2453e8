#include "server/web/http_server.h"

#include <httplib.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace tomoslab {
namespace {

constexpr std::size_t kLongestPath = 1000;
constexpr int kRequestsPerConnection = 1000;
constexpr int kBacklog = 256;
constexpr char kBusy[] =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
    "Content-Length: 0\r\n\r\n";

/// Threads made on demand, at most so many; what comes beyond is done by `overflow` at once.
class ConnectionThreads final : public httplib::TaskQueue {
 public:
  explicit ConnectionThreads(std::size_t most) : most_(most) {}

  void enqueue(std::function<void()> task) override {
    std::unique_lock<std::mutex> lock(mutex_);
    if (tasks_.size() >= idle_) {
      if (threads_.size() >= most_) {
        lock.unlock();
        overloaded_ = true;
        task();
        overloaded_ = false;
        return;
      }
      threads_.emplace_back([this] { Work(); });
    }
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }

  void shutdown() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  /// Whether the task that runs on this thread is beyond the bound.
  static bool overloaded() { return overloaded_; }

 private:
  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      ++idle_;
      wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      --idle_;
      if (tasks_.empty()) return;
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  static thread_local bool overloaded_;
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::size_t idle_ = 0;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
};

thread_local bool ConnectionThreads::overloaded_ = false;

class LibraryStream final : public httplib::Stream {
 public:
  explicit LibraryStream(HttpConnection& connection) : connection_(connection) {}
  bool is_readable() const override { return true; }
  bool is_writable() const override { return connection_.IsOpen(); }
  ssize_t read(char* data, std::size_t size) override { return connection_.Read(data, size); }
  ssize_t write(const char* data, std::size_t size) override {
    return connection_.Write(data, size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    AddressOf(getpeername, ip, port);
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    AddressOf(getsockname, ip, port);
  }
  socket_t socket() const override { return connection_.socket(); }

 private:
  template <class Get>
  void AddressOf(Get get, std::string& ip, int& port) const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "0";
    if (get(connection_.socket(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
    getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host, sizeof host, service,
                sizeof service, NI_NUMERICHOST | NI_NUMERICSERV);
    ip = host;
    port = std::atoi(service);
  }
  HttpConnection& connection_;
};

class LibrarySink final : public HttpSink {
 public:
  explicit LibrarySink(httplib::DataSink& sink) : sink_(sink) {}
  bool Write(std::string_view data) override {
    return data.empty() || sink_.write(data.data(), data.size());
  }
  bool IsOpen() const override { return sink_.is_writable(); }

 private:
  httplib::DataSink& sink_;
};

HttpRequest Translate(const httplib::Request& from, bool tls) {
  HttpRequest request;
  request.method = from.method == "HEAD" ? "GET" : from.method;
  request.path = from.path;
  request.query.insert(from.params.begin(), from.params.end());
  for (const auto& [name, value] : from.headers) {
    request.headers.emplace(absl::AsciiStrToLower(name), value);
  }
  request.body = from.body;
  const bool v6 = from.remote_addr.find(':') != std::string::npos;
  request.peer = v6 ? absl::StrFormat("ipv6:[%s]:%d", from.remote_addr, from.remote_port)
                    : absl::StrFormat("ipv4:%s:%d", from.remote_addr, from.remote_port);
  request.tls = tls;
  return request;
}

void SetStream(HttpResponse& from, httplib::Response& to) {
  auto stream = std::make_shared<HttpResponse::Stream>(std::move(from.stream));
  if (!from.stream_length.has_value()) {
    to.set_chunked_content_provider(from.type, [stream](std::size_t, httplib::DataSink& sink) {
      LibrarySink target(sink);
      if (!(*stream)(target)) return false;
      sink.done();
      return true;
    });
    return;
  }
  to.set_content_provider(static_cast<std::size_t>(*from.stream_length), from.type,
                          [stream](std::size_t, std::size_t, httplib::DataSink& sink) {
                            LibrarySink target(sink);
                            return (*stream)(target);
                          });
}

void Translate(HttpResponse from, httplib::Response& to) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  if (from.stream && from.stream_length.value_or(1) > 0) {
    SetStream(from, to);
  } else {
    to.set_content(from.body, from.type);
  }
}

/// Before the library looks for the route.
void Tame(httplib::Request& request) {
  request.ranges.clear();                    // many of one answer would multiply it
  request.headers.erase("Accept-Encoding");  // the library would compress at full effort
  // Its regular expressions recurse; Answer refuses what is still longer than the bound.
  if (request.path.size() > kLongestPath) request.path.resize(kLongestPath + 1);
}

/// {} stands for anything but nothing.
bool Matches(const std::vector<std::string>& pattern, const std::vector<std::string>& parts,
             std::vector<std::string>& captures) {
  if (pattern.size() != parts.size()) return false;
  captures.clear();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (pattern[i] == "{}" && !parts[i].empty()) {
      captures.push_back(parts[i]);
    } else if (pattern[i] != parts[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

/// The library's server on connections of our own: it would wait without end for slow clients, and
/// its own TLS does not read changed files.
class HttpServer::Library final : public httplib::Server {
 public:
  Library(const HttpServer& server, const HttpOptions& options)
      : server_(server), options_(options) {
    // The library's own options would let a second server share the port.
    set_socket_options([](socket_t socket) {
      const int on = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    set_payload_max_length(1 << 20);
    new_task_queue = [this] {
      return new ConnectionThreads(static_cast<std::size_t>(options_.most_connections));
    };
    set_keep_alive_max_count(kRequestsPerConnection);
    set_exception_handler([](const httplib::Request&, httplib::Response& response,
                             std::exception_ptr) { response.status = 500; });
    const auto answer = [this](const httplib::Request& request, httplib::Response& response) {
      Translate(server_.Answer(Translate(request, options_.tls != nullptr)), response);
    };
    Get(".*", answer);
    Post(".*", answer);
    Delete(".*", answer);
  }

  int Bind() {
    const int port = options_.port == 0                           ? bind_to_any_port(options_.host)
                     : bind_to_port(options_.host, options_.port) ? options_.port
                                                                  : -1;
    if (port > 0) ::listen(svr_sock_, kBacklog);
    return port;
  }

  void EndConnections() {
    stop();
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    for (HttpConnection* connection : open_) connection->Shutdown();
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    HttpConnection connection(socket, options_.tls ? options_.tls->NewConnection() : nullptr,
                              options_.bounds);
    if (ConnectionThreads::overloaded()) {
      if (!options_.tls) send(socket, kBusy, sizeof kBusy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
      return false;
    }
    if (!Enter(connection)) return false;
    Serve(connection);
    const std::lock_guard<std::mutex> lock(mutex_);
    open_.erase(&connection);
    return true;
  }

  bool Enter(HttpConnection& connection) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!stopping_) open_.insert(&connection);
    return !stopping_;
  }

  void Serve(HttpConnection& connection) {
    if (!connection.Handshake()) return;
    LibraryStream stream(connection);
    for (int left = kRequestsPerConnection; left > 0 && connection.AwaitRequest(); --left) {
      bool closed = false;
      const bool served = process_request(stream, left == 1, closed, Tame);
      if (!served || closed) return;
    }
  }

  const HttpServer& server_;
  const HttpOptions options_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::set<HttpConnection*> open_;
};

HttpServer::HttpServer() = default;
HttpServer::~HttpServer() { Stop(); }

void HttpServer::Route(std::string method, const std::string& pattern, HttpHandler handler) {
  routes_.push_back({std::move(method), absl::StrSplit(pattern, '/'), std::move(handler)});
}

void HttpServer::SetGuard(Guard guard) { guard_ = std::move(guard); }

void HttpServer::SetDefaultHeaders(std::map<std::string, std::string> headers) {
  default_headers_ = std::move(headers);
}

HttpResponse HttpServer::Answer(HttpRequest request) const {
  const auto answer = [&]() -> HttpResponse {
    if (request.path.size() > kLongestPath) return PlainResponse(414, "this path is too long");
    if (guard_) {
      if (std::optional<HttpResponse> refusal = guard_(request)) return *std::move(refusal);
    }
    const std::vector<std::string> parts = absl::StrSplit(request.path, '/');
    bool other_method = false;
    for (const Entry& entry : routes_) {
      if (!Matches(entry.parts, parts, request.captures)) continue;
      if (entry.method == request.method) return entry.handler(request);
      other_method = true;
    }
    return other_method ? PlainResponse(405, "this path takes another method")
                        : PlainResponse(404, "there is nothing at this path");
  };
  HttpResponse response = answer();
  for (const auto& header : default_headers_) response.headers.insert(header);
  return response;
}

absl::Status HttpServer::Start(const HttpOptions& options) {
  library_ = std::make_unique<Library>(*this, options);
  port_ = library_->Bind();
  if (port_ <= 0) {
    library_.reset();
    return absl::InvalidArgumentError(
        absl::StrFormat("cannot listen on %s:%d: the address is in use, or not of this machine",
                        options.host, options.port));
  }
  thread_ = std::thread([this] { library_->listen_after_bind(); });
  while (!library_->is_running()) std::this_thread::yield();
  return absl::OkStatus();
}

void HttpServer::Stop() {
  if (!thread_.joinable()) return;
  library_->EndConnections();
  thread_.join();
}

}  // namespace tomoslab
