// Deletes what has been kept long enough, and nothing that is still needed. No gRPC.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "server/audit_log.h"
#include "server/dispatcher.h"

namespace tomoslab {

/// How long what is kept. Never deleted: what Access.Keep marks, jobs that are not over or that
/// such a job starts from, scans that such a job uses or that are being uploaded.
struct Retention {
  absl::Duration jobs = absl::ZeroDuration();   // since a job's end; 0 = for ever
  absl::Duration scans = absl::ZeroDuration();  // since a scan's creation and its last job's end
  // With less free space than this the oldest goes first, but nothing from the last `spared`.
  std::int64_t free_bytes = 0;
  absl::Duration spared = absl::Hours(24);
  bool operator==(const Retention&) const = default;
};

class Janitor {
 public:
  Janitor(Stores stores, AuditLog& audit, const Retention& retention, std::string data_folder)
      : stores_(stores),
        audit_(audit),
        retention_(retention),
        data_folder_(std::move(data_folder)) {}
  ~Janitor();

  /// Looks around at once and then again and again.
  void Start(std::chrono::milliseconds every);
  /// One look; returns what was deleted. Each deletion is in the audit log.
  std::vector<std::string> Tidy(absl::Time now);

 private:
  /// A job or a scan that may go.
  struct Candidate {
    std::string name;
    absl::Time last_use;
    absl::Duration kept;  // by its age; 0 = for ever
  };
  absl::StatusOr<std::vector<Candidate>> Candidates();
  bool Delete(const Candidate& candidate, const std::string& why);
  bool SpaceIsShort() const;

  const Stores stores_;
  AuditLog& audit_;
  const Retention retention_;
  const std::string data_folder_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tomoslab
