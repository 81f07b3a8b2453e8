// What a browser sends and gets, byte by byte: requests that a library would not make.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tomoslab {

struct Reply {
  int status = 0;                              // 0: none came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

/// One connection to "127.0.0.1:port".
class Browser {
 public:
  explicit Browser(const std::string& address) {
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    inet_pton(AF_INET, "127.0.0.1", &target.sin_addr);
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&target), sizeof target) == 0;
  }
  ~Browser() { close(socket_); }
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  bool connected() const { return connected_; }
  bool Send(const std::string& bytes) {
    return send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  /// Some bytes; "" at the end.
  std::string Read() {
    char bytes[65536];
    const ssize_t count = recv(socket_, bytes, sizeof bytes, 0);
    return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : "";
  }
  /// The other side has closed the connection, and all that it sent was read. Waits for either.
  bool AtEnd() {
    char byte = 0;
    return recv(socket_, &byte, 1, 0) == 0;
  }
  /// Until `text` has come, or the end.
  std::string ReadUntil(const std::string& text) {
    std::string all;
    for (std::string more = Read(); !more.empty(); more = Read()) {
      all += more;
      if (all.find(text) != std::string::npos) break;
    }
    return all;
  }
  std::string ReadAll() { return ReadUntil(std::string("\0never", 6)); }

 private:
  int socket_;
  bool connected_ = false;
};

inline Reply ParseAnswer(const std::string& bytes) {
  Reply answer;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (bytes.rfind("HTTP/1.1 ", 0) != 0 || end == std::string::npos) return answer;
  answer.status = std::stoi(bytes.substr(9, 3));
  answer.body = bytes.substr(end + 4);
  for (std::size_t at = bytes.find("\r\n") + 2; at < end;) {
    const std::size_t line_end = bytes.find("\r\n", at);
    const std::string line = bytes.substr(at, line_end - at);
    const std::size_t colon = line.find(": ");
    answer.headers[absl::AsciiStrToLower(line.substr(0, colon))] = line.substr(colon + 2);
    at = line_end + 2;
  }
  return answer;
}

/// `headers`: lines that end with \r\n. A Host is added unless they have one.
inline std::string RequestText(const std::string& line, std::string headers = "",
                               const std::string& body = "") {
  if (headers.find("Host:") == std::string::npos) headers += "Host: 127.0.0.1\r\n";
  if (!body.empty()) {
    absl::StrAppend(&headers, "Content-Type: application/json\r\nContent-Length: ", body.size(),
                    "\r\n");
  } else if (line.rfind("POST", 0) == 0) {
    headers += "Content-Length: 0\r\n";
  }
  return absl::StrCat(line, " HTTP/1.1\r\nConnection: close\r\n", headers, "\r\n", body);
}

inline Reply Ask(const std::string& address, const std::string& line,
                 const std::string& headers = "", const std::string& body = "") {
  Browser browser(address);
  browser.Send(RequestText(line, headers, body));
  return ParseAnswer(browser.ReadAll());
}

}  // namespace tomoslab
