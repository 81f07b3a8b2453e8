#include "server/web/http_connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tomoslab {
namespace {

constexpr std::size_t kBufferBytes = 8 << 10;
constexpr std::size_t kSlowestBytesPerSecond = 16 << 10;  // of a client that takes much at once

}  // namespace

HttpConnection::HttpConnection(int socket, SslPointer ssl, const ConnectionBounds& bounds)
    : socket_(socket), ssl_(std::move(ssl)), bounds_(bounds) {
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
  fcntl(socket_, F_SETFD, FD_CLOEXEC);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (ssl_ != nullptr) SSL_set_fd(ssl_.get(), socket_);
  request_deadline_ = Clock::now() + bounds_.request;
}

HttpConnection::~HttpConnection() {
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
  shutdown(socket_, SHUT_RDWR);
  close(socket_);
}

bool HttpConnection::Wait(short events, Clock::time_point deadline) const {
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wanted{socket_, events, 0};
    const int ready = poll(&wanted, 1, static_cast<int>(left) + 1);
    if (ready > 0) return (wanted.revents & (POLLERR | POLLNVAL)) == 0;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool HttpConnection::WaitForSsl(int result, Clock::time_point deadline) const {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Wait(POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
      return Wait(POLLOUT, deadline);
    default:
      return false;
  }
}

bool HttpConnection::Handshake() {
  if (ssl_ == nullptr) return true;
  while (true) {
    ERR_clear_error();
    const int result = SSL_accept(ssl_.get());
    if (result == 1) return true;
    if (!WaitForSsl(result, request_deadline_)) return false;
  }
}

bool HttpConnection::AwaitRequest() {
  if (failed_) return false;
  const bool pending = taken_ < buffer_.size() || (ssl_ != nullptr && SSL_pending(ssl_.get()) > 0);
  if (!pending && !Wait(POLLIN, Clock::now() + bounds_.idle)) return false;
  request_deadline_ = Clock::now() + bounds_.request;
  request_bytes_ = 0;
  return true;
}

ssize_t HttpConnection::ReadSome(char* data, std::size_t size) {
  while (true) {
    if (Clock::now() > request_deadline_) return -1;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      const int count = SSL_read(ssl_.get(), data, static_cast<int>(size));
      if (count > 0) return count;
      if (SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN) return 0;
      if (!WaitForSsl(count, request_deadline_)) return -1;
      continue;
    }
    const ssize_t count = recv(socket_, data, size, 0);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !Wait(POLLIN, request_deadline_)) return -1;
  }
}

ssize_t HttpConnection::Read(char* data, std::size_t size) {
  if (taken_ == buffer_.size()) {
    buffer_.resize(kBufferBytes);
    taken_ = 0;
    const ssize_t count = ReadSome(buffer_.data(), buffer_.size());
    buffer_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    failed_ = failed_ || count <= 0;
    if (count <= 0) return count;
  }
  const std::size_t count = std::min(size, buffer_.size() - taken_);
  request_bytes_ += count;
  failed_ = failed_ || request_bytes_ > bounds_.request_bytes;
  if (failed_) return -1;
  std::memcpy(data, buffer_.data() + taken_, count);
  taken_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t HttpConnection::WriteSome(const char* data, std::size_t size, Clock::time_point deadline) {
  while (true) {
    if (ssl_ != nullptr) {
      ERR_clear_error();
      const int count = SSL_write(ssl_.get(), data, static_cast<int>(size));
      if (count > 0) return count;
      if (!WaitForSsl(count, deadline)) return -1;
      continue;
    }
    const ssize_t count = send(socket_, data, size, MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !Wait(POLLOUT, deadline)) return -1;
  }
}

ssize_t HttpConnection::Write(const char* data, std::size_t size) {
  const Clock::time_point deadline =
      Clock::now() + bounds_.write + std::chrono::seconds(size / kSlowestBytesPerSecond);
  for (std::size_t done = 0; done < size;) {
    const std::size_t most = std::min<std::size_t>(size - done, 1 << 20);
    const ssize_t count = WriteSome(data + done, most, deadline);
    if (count < 0) return -1;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(size);
}

bool HttpConnection::IsOpen() const {
  pollfd wanted{socket_, POLLRDHUP, 0};
  return poll(&wanted, 1, 0) == 0;
}

void HttpConnection::Shutdown() { shutdown(socket_, SHUT_RDWR); }

}  // namespace tomoslab
