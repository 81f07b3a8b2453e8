// Who did what, and who was refused: one line of JSON each, in a file that only the server's user
// reads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tomoslab {

struct AuditEntry {
  std::string user, token, peer, method, resource;
  absl::Status result;
};

/// Thread-safe. A full file becomes FILE.1, that one FILE.2, ..., up to FILE.9.
class AuditLog {
 public:
  /// PermissionDenied, ResourceExhausted, ...: it cannot be written.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::string& path,
                                                        std::int64_t bytes_per_file = 64 << 20);
  ~AuditLog();
  /// Keys: time (UTC), user, token, peer, method, resource, result (a status code's name), message.
  /// Long texts are cut off. A full disk is no reason to stop: it is said once in the server's log.
  void Write(const AuditEntry& entry);

 private:
  AuditLog(std::string path, std::int64_t bytes_per_file)
      : path_(std::move(path)), bytes_per_file_(bytes_per_file) {}
  absl::Status Reopen();
  void Rotate();

  const std::string path_;
  const std::int64_t bytes_per_file_;
  std::mutex mutex_;
  int descriptor_ = -1;
  std::int64_t bytes_ = 0;
  bool failed_ = false;
};

}  // namespace tomoslab
