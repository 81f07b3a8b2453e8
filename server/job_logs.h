// What the server and the ranks wrote about each job, in files: bounded, deleted with the job.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/watchers.h"
#include "tomoslab/v1/job.pb.h"

namespace tomoslab {

/// A job's log is kept in two files of half this size; the older one goes when the newer is full.
inline constexpr std::int64_t kJobLogBytes = 4 << 20;

/// Lines survive the end of this process, the last few not a power failure. A file that was damaged
/// costs the lines that were hit. Thread-safe.
class JobLogs {
 public:
  static absl::StatusOr<std::unique_ptr<JobLogs>> Open(const std::string& folder,
                                                       std::int64_t bytes_per_job = kJobLogBytes);

  enum class Missing { kCreate, kIgnore };
  /// Gives the lines (BoundedLine, each of one line) their sequences, appends them and wakes
  /// watchers; a disk that fails is logged. kIgnore: nothing happens when the job has no log (any
  /// more).
  void Append(const std::string& job, const std::vector<v1::LogLine>& lines,
              Missing missing = Missing::kCreate);
  void Remove(const std::string& job);
  /// Those that have a log.
  std::vector<std::string> Jobs() const;

  Watchers& watchers() { return watchers_; }

 private:
  friend class JobLogReader;
  /// Where a job's next line goes.
  struct End {
    std::int64_t sequence = 0;  // of the last line
    int file = 0;               // number of the newer file; 0 = there is none
    std::int64_t bytes = 0;     // of it
  };
  JobLogs(std::string folder, std::int64_t bytes_per_job)
      : folder_(std::move(folder)), bytes_per_file_(bytes_per_job / 2) {}
  std::string PathOf(std::int64_t job, int file) const;
  /// Ascending.
  std::vector<int> FilesOf(std::int64_t job) const;
  absl::StatusOr<End*> EndOf(std::int64_t job);
  absl::Status AppendAll(std::int64_t job, End& end, const std::vector<v1::LogLine>& lines);
  absl::Status Write(std::int64_t job, End& end, const std::string& records);

  const std::string folder_;
  const std::int64_t bytes_per_file_;
  Watchers watchers_;
  mutable std::mutex mutex_;
  std::map<std::int64_t, End> ends_;  // of jobs that wrote lately
  bool failed_ = false;
};

/// Reads one job's log, oldest first, and goes on where it was when more has come.
class JobLogReader {
 public:
  /// Lines after `after`. NotFound: jobs have no such name. A job without a log has no lines.
  static absl::StatusOr<JobLogReader> Open(const JobLogs& logs, const std::string& job,
                                           std::int64_t after);
  /// The next lines, about 1 MiB of them; none: there are none now. Where lines are missing, since
  /// the log was full or a file was damaged, a line with the last missing one's sequence says so.
  absl::StatusOr<std::vector<v1::LogLine>> Next();

 private:
  JobLogReader(const JobLogs& logs, std::int64_t job, std::int64_t after)
      : logs_(&logs), job_(job), last_(after) {}
  /// The file after file_, or the oldest where that is gone; 0 = there is none.
  int NextFile() const;
  void Take(std::string_view record, std::vector<v1::LogLine>* lines);

  const JobLogs* logs_;
  std::int64_t job_, last_;  // sequence of the last line
  int file_ = 0;
  std::int64_t offset_ = 0;
};

/// The last `count` of a log's lines of this severity or more, as they are now; 0 = all.
absl::StatusOr<std::vector<v1::LogLine>> LastLines(JobLogReader reader, int count,
                                                   v1::Severity least);

}  // namespace tomoslab
