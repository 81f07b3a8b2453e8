// One browser's connection, plain or TLS: every wait has an end, and a request has a size.
#pragma once

#include <openssl/ssl.h>

#include <sys/types.h>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace tomoslab {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPointer = std::unique_ptr<SSL, SslDeleter>;

/// What a connection may take.
struct ConnectionBounds {
  std::chrono::milliseconds idle{5000};      // between requests
  std::chrono::milliseconds request{20000};  // until a request is there as a whole; a handshake
  std::chrono::milliseconds write{20000};    // until the client has taken what was written
  std::size_t request_bytes = (1 << 20) + (64 << 10);  // of a request with its header
};

/// Used by one thread, but for Shutdown.
class HttpConnection {
 public:
  /// Owns the socket. ssl: null = plain.
  HttpConnection(int socket, SslPointer ssl, const ConnectionBounds& bounds);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// The TLS handshake, if there is any.
  bool Handshake();
  /// Waits for the first byte of the next request; from then on the request's bounds count.
  bool AwaitRequest();

  /// Bytes read, 0 at the end of the connection, −1 on an error, after the time or beyond the size.
  ssize_t Read(char* data, std::size_t size);
  /// `size`, or −1: broken, or the client took too long.
  ssize_t Write(const char* data, std::size_t size);
  /// The client has neither closed its end nor broken the connection.
  bool IsOpen() const;
  /// Wakes whoever waits; reading and writing fail from now on. Thread-safe.
  void Shutdown();

  int socket() const { return socket_; }
  bool tls() const { return ssl_ != nullptr; }

 private:
  using Clock = std::chrono::steady_clock;
  bool Wait(short events, Clock::time_point deadline) const;
  /// Waits for what an OpenSSL call wants before it can go on.
  bool WaitForSsl(int result, Clock::time_point deadline) const;
  ssize_t ReadSome(char* data, std::size_t size);
  ssize_t WriteSome(const char* data, std::size_t size, Clock::time_point deadline);

  const int socket_;
  const SslPointer ssl_;
  const ConnectionBounds bounds_;
  Clock::time_point request_deadline_;
  std::size_t request_bytes_ = 0;
  bool failed_ = false;  // what follows would be taken for another request
  std::string buffer_;   // read, and not yet taken
  std::size_t taken_ = 0;
};

}  // namespace tomoslab
