#include "server/job_logs.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <deque>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "proto/log_line.h"
#include "server/data_file.h"
#include "server/resource_name.h"
#include "worker/core/crc32c.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::int64_t kReadBytes = 1 << 20;
constexpr std::size_t kKnownEnds = 4096, kChecksumDigits = 8;
constexpr std::size_t kLongestRecord = 128 << 10;  // of a BoundedLine, and more

/// crc32c in hexadecimal, and the message in base64: damage is found, and ends at the line's end.
std::string RecordOf(const v1::LogLine& line) {
  const std::string bytes = line.SerializeAsString();
  return absl::StrCat(absl::Hex(Crc32c(bytes.data(), bytes.size()), absl::kZeroPad8),
                      absl::Base64Escape(bytes), "\n");
}

bool Parse(std::string_view record, v1::LogLine* line) {
  if (record.size() <= kChecksumDigits) return false;
  std::uint32_t checksum = 0;
  const char* const digits_end = record.data() + kChecksumDigits;
  const auto parsed = std::from_chars(record.data(), digits_end, checksum, 16);
  std::string bytes;
  return parsed.ptr == digits_end &&
         absl::Base64Unescape(absl::string_view(digits_end, record.size() - kChecksumDigits),
                              &bytes) &&
         Crc32c(bytes.data(), bytes.size()) == checksum && line->ParseFromString(bytes);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  const int number_;
};

/// Up to `most` bytes from `offset` on; nullopt: there is no such file.
absl::StatusOr<std::optional<std::string>> ReadBytes(const std::string& path, std::int64_t offset,
                                                     std::int64_t most) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.number() < 0 && errno == ENOENT) return std::nullopt;
  struct stat now = {};
  std::string bytes;
  if (file.number() >= 0 && fstat(file.number(), &now) == 0)
    bytes.resize(std::clamp<std::int64_t>(now.st_size - offset, 0, most));
  const ssize_t size =
      file.number() < 0 ? -1 : pread(file.number(), bytes.data(), bytes.size(), offset);
  if (size < 0) {
    return absl::DataLossError(absl::StrFormat("cannot read %s: %s", path, std::strerror(errno)));
  }
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobLogs>> JobLogs::Open(const std::string& folder,
                                                       std::int64_t bytes_per_job) {
  TOMOSLAB_RETURN_IF_ERROR(MakeFolder(folder));
  return std::unique_ptr<JobLogs>(new JobLogs(folder, bytes_per_job));
}

std::string JobLogs::PathOf(std::int64_t job, int file) const {
  return absl::StrFormat("%s/%d/%d.log", folder_, job, file);
}

std::vector<int> JobLogs::FilesOf(std::int64_t job) const {
  std::vector<int> files;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(absl::StrCat(folder_, "/", job), error)) {
    int file = 0;
    if (absl::SimpleAtoi(entry.path().stem().string(), &file) && file > 0) files.push_back(file);
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<JobLogs::End*> JobLogs::EndOf(std::int64_t job) {
  if (const auto known = ends_.find(job); known != ends_.end()) return &known->second;
  if (ends_.size() >= kKnownEnds) ends_.clear();
  End end;
  const std::vector<int> files = FilesOf(job);
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    TOMOSLAB_ASSIGN_OR_RETURN(
        const std::optional<std::string> bytes,
        ReadBytes(PathOf(job, *file), 0, bytes_per_file_ + std::int64_t{kLongestRecord}));
    if (!bytes.has_value()) continue;
    if (end.file == 0) {
      end.file = *file;
      end.bytes = static_cast<std::int64_t>(bytes->size());
      // A line that was cut short must not take the next one with it.
      if (!bytes->empty() && bytes->back() != '\n') TOMOSLAB_RETURN_IF_ERROR(Write(job, end, "\n"));
    }
    for (const absl::string_view record : absl::StrSplit(*bytes, '\n')) {
      v1::LogLine line;
      if (Parse({record.data(), record.size()}, &line))
        end.sequence = std::max(end.sequence, line.sequence());
    }
    if (end.sequence > 0) break;
  }
  return &(ends_[job] = end);
}

absl::Status JobLogs::Write(std::int64_t job, End& end, const std::string& records) {
  const std::string path = PathOf(job, end.file);
  if (end.bytes == 0) TOMOSLAB_RETURN_IF_ERROR(MakeFolder(absl::StrCat(folder_, "/", job)));
  const Descriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  const ssize_t written =
      file.number() < 0 ? -1 : write(file.number(), records.data(), records.size());
  if (written > 0) end.bytes += written;
  if (written == static_cast<ssize_t>(records.size())) return absl::OkStatus();
  const std::string why = written < 0 ? std::strerror(errno) : "the disk is full";
  ends_.erase(job);  // what is on the disk is looked at again
  return absl::DataLossError(absl::StrFormat("cannot write %s: %s", path, why));
}

absl::Status JobLogs::AppendAll(std::int64_t job, End& end, const std::vector<v1::LogLine>& lines) {
  std::string records;
  for (const v1::LogLine& line : lines) {
    v1::LogLine kept = BoundedLine(line);
    kept.set_sequence(++end.sequence);
    const std::string record = RecordOf(kept);
    const auto bytes = static_cast<std::int64_t>(records.size() + record.size());
    if (end.file == 0 || end.bytes + bytes > bytes_per_file_) {
      if (!records.empty()) TOMOSLAB_RETURN_IF_ERROR(Write(job, end, std::exchange(records, "")));
      ++end.file;
      end.bytes = 0;
      TOMOSLAB_RETURN_IF_ERROR(RemoveFile(PathOf(job, end.file - 2)));
    }
    records += record;
  }
  return records.empty() ? absl::OkStatus() : Write(job, end, records);
}

void JobLogs::Append(const std::string& job, const std::vector<v1::LogLine>& lines,
                     Missing missing) {
  const absl::StatusOr<std::int64_t> id = JobId(job);
  if (!id.ok() || lines.empty()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const absl::StatusOr<End*> end = EndOf(*id);
    if (end.ok() && (*end)->file == 0 && missing == Missing::kIgnore) {
      ends_.erase(*id);
      return;
    }
    const absl::Status written = end.ok() ? AppendAll(*id, **end, lines) : end.status();
    if (!written.ok() && !failed_) spdlog::error("{}: {}", job, std::string(written.message()));
    failed_ = !written.ok();
  }
  watchers_.Notify(job);
}

void JobLogs::Remove(const std::string& job) {
  const absl::StatusOr<std::int64_t> id = JobId(job);
  if (!id.ok()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::error_code error;
    std::filesystem::remove_all(absl::StrCat(folder_, "/", *id), error);
    if (error) spdlog::error("{}: cannot remove its log: {}", job, error.message());
    ends_.erase(*id);
  }
  watchers_.Notify(job);
}

std::vector<std::string> JobLogs::Jobs() const {
  std::set<std::int64_t> jobs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    std::int64_t id = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &id)) jobs.insert(id);
  }
  std::vector<std::string> names;
  for (const std::int64_t id : jobs) names.push_back(JobName(id));
  return names;
}

absl::StatusOr<JobLogReader> JobLogReader::Open(const JobLogs& logs, const std::string& job,
                                                std::int64_t after) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(job));
  return JobLogReader(logs, id, after);
}

int JobLogReader::NextFile() const {
  const std::lock_guard<std::mutex> lock(logs_->mutex_);
  const std::vector<int> files = logs_->FilesOf(job_);
  const auto next = std::upper_bound(files.begin(), files.end(), file_);
  return next == files.end() ? 0 : *next;
}

void JobLogReader::Take(std::string_view record, std::vector<v1::LogLine>* lines) {
  v1::LogLine line;
  // Damaged, or before `after`.
  if (!Parse(record, &line) || line.sequence() <= last_) return;
  const std::int64_t missing = line.sequence() - last_ - 1;
  if (missing > 0) {
    v1::LogLine gap = NewLogLine(
        v1::WARNING, absl::StrFormat("%d lines are missing here: the log was full, or its file is "
                                     "damaged",
                                     missing));
    gap.set_sequence(line.sequence() - 1);
    *gap.mutable_time() = line.time();
    lines->push_back(std::move(gap));
  }
  last_ = line.sequence();
  lines->push_back(std::move(line));
}

absl::StatusOr<std::vector<v1::LogLine>> JobLogReader::Next() {
  std::vector<v1::LogLine> lines;
  while (lines.empty()) {
    // Asked first: once there is a next file, nothing is added to this one.
    const int next = NextFile();
    std::optional<std::string> bytes;
    if (file_ > 0) {
      TOMOSLAB_ASSIGN_OR_RETURN(bytes, ReadBytes(logs_->PathOf(job_, file_), offset_, kReadBytes));
    }
    const std::size_t whole = bytes.has_value() ? bytes->rfind('\n') : std::string::npos;
    if (whole != std::string::npos) {
      offset_ += static_cast<std::int64_t>(whole) + 1;
      for (const absl::string_view record :
           absl::StrSplit(absl::string_view(*bytes).substr(0, whole), '\n'))
        Take({record.data(), record.size()}, &lines);
    } else if (bytes.has_value() && static_cast<std::int64_t>(bytes->size()) == kReadBytes) {
      offset_ += kReadBytes;  // one endless line, which nobody wrote
    } else if (next > 0) {
      file_ = next;
      offset_ = 0;
    } else {
      break;
    }
  }
  return lines;
}

absl::StatusOr<std::vector<v1::LogLine>> LastLines(JobLogReader reader, int count,
                                                   v1::Severity least) {
  std::deque<v1::LogLine> last;
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(std::vector<v1::LogLine> lines, reader.Next());
    if (lines.empty()) break;
    for (v1::LogLine& line : lines) {
      if (line.severity() < least) continue;
      last.push_back(std::move(line));
      if (count > 0 && last.size() > static_cast<std::size_t>(count)) last.pop_front();
    }
  }
  return std::vector<v1::LogLine>(std::make_move_iterator(last.begin()),
                                  std::make_move_iterator(last.end()));
}

}  // namespace tomoslab
