// Takes what ranks say about their leases into the jobs' logs: each report once, and no more than a
// disk and a reader can bear.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/job_logs.h"
#include "tomoslab/v1/pool.pb.h"

namespace tomoslab {

inline constexpr int kMostReportedLines = 1000;
/// Bytes of lines that a lease may bring at once, and then per second: what is more is dropped and
/// counted.
inline constexpr double kLeaseLogBurst = 1 << 20, kLeaseLogBytesPerSecond = 32 << 10;

/// A lock of its own. Thread-safe.
class LeaseLogs {
 public:
  using Clock = std::chrono::steady_clock;
  /// How long lines of a lease are taken after its end: what ranks said last.
  static constexpr std::chrono::seconds kAfterEnd{30};

  /// Without logs nothing is kept.
  explicit LeaseLogs(JobLogs* logs) : logs_(logs) {}

  void Begin(const std::string& lease, const v1::Job& job, int ranks, Clock::time_point now);
  void End(const std::string& lease, Clock::time_point now);
  /// InvalidArgument: too many lines, or a rank that the pool has not. Aborted: the lease ended
  /// long ago.
  absl::Status Report(const v1::ReportLogRequest& request, Clock::time_point now);

 private:
  struct Lease {
    std::string job;
    int attempt = 0, ranks = 1;
    bool ended = false;
    Clock::time_point end;
    std::map<int, std::int64_t> numbers;  // of ranks' last reports
    double budget = kLeaseLogBurst;       // bytes
    Clock::time_point refilled;
    std::int64_t dropped = 0;  // lines, since the last that was taken
  };
  absl::StatusOr<Lease*> Find(const v1::ReportLogRequest& request, Clock::time_point now);
  static std::vector<v1::LogLine> Take(const v1::ReportLogRequest& request, Lease& lease,
                                       Clock::time_point now);
  void Forget(Clock::time_point now);

  JobLogs* const logs_;
  std::mutex mutex_;
  std::map<std::string, Lease> leases_;
};

}  // namespace tomoslab
