#include "server/audit_log.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tomoslab {
namespace {

constexpr int kOldFiles = 9;
constexpr std::size_t kLongestText = 300;

std::string LineOf(const AuditEntry& entry) {
  nlohmann::ordered_json line;
  line["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  line["user"] = entry.user.substr(0, kLongestText);
  line["token"] = entry.token;
  line["peer"] = entry.peer.substr(0, kLongestText);
  line["method"] = entry.method;
  line["resource"] = entry.resource.substr(0, kLongestText);
  line["result"] = absl::StatusCodeToString(entry.result.code());
  if (!entry.result.ok())
    line["message"] = std::string(entry.result.message().substr(0, kLongestText));
  // ASCII only; bytes that are not UTF-8 are replaced.
  return line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& path,
                                                         std::int64_t bytes_per_file) {
  std::unique_ptr<AuditLog> log(new AuditLog(path, bytes_per_file));
  const absl::Status opened = log->Reopen();
  if (!opened.ok()) return opened;
  return log;
}

AuditLog::~AuditLog() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status AuditLog::Reopen() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  struct stat file = {};
  if (descriptor_ < 0 || fstat(descriptor_, &file) != 0) {
    return absl::PermissionDeniedError(
        absl::StrFormat("cannot write %s: %s", path_, std::strerror(errno)));
  }
  bytes_ = file.st_size;
  return absl::OkStatus();
}

void AuditLog::Rotate() {
  for (int i = kOldFiles; i > 1; --i) {
    std::rename(absl::StrCat(path_, ".", i - 1).c_str(), absl::StrCat(path_, ".", i).c_str());
  }
  std::rename(path_.c_str(), absl::StrCat(path_, ".1").c_str());
}

void AuditLog::Write(const AuditEntry& entry) {
  const std::string line = LineOf(entry);
  const std::lock_guard<std::mutex> lock(mutex_);
  absl::Status status;
  if (descriptor_ < 0) {
    status = Reopen();  // it failed before: old files do not turn over again
  } else if (bytes_ > 0 && bytes_ + static_cast<std::int64_t>(line.size()) > bytes_per_file_) {
    Rotate();
    status = Reopen();
  }
  // One write, so that lines stay whole.
  const ssize_t written = status.ok() ? write(descriptor_, line.data(), line.size()) : -1;
  if (written > 0) bytes_ += written;
  const bool failed = written != static_cast<ssize_t>(line.size());
  if (failed && !failed_) spdlog::error("{}: cannot be written: {}", path_, std::strerror(errno));
  failed_ = failed;
}

}  // namespace tomoslab
