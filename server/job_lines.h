// What happens to jobs, as lines of their logs and of the server's own.
#pragma once

#include <string>
#include <vector>

#include "server/job_logs.h"
#include "server/job_table.h"
#include "server/scan_store.h"

namespace tomoslab {

/// None for what happens too often to be a line: iterations, previews, slices.
std::vector<v1::LogLine> LinesOf(const v1::Job& job, const v1::JobEvent& event);

class JobLines final : public JobObserver {
 public:
  JobLines(JobLogs& logs, ScanStore& scans);
  void Appended(const v1::Job& job, const std::vector<v1::JobEvent>& events) override;
  void Deleted(const std::string& job) override;

 private:
  /// What an attempt computes from.
  void AddScan(const v1::Job& job, std::vector<v1::LogLine>* lines) const;

  JobLogs& logs_;
  ScanStore& scans_;
  const std::string host_;
};

}  // namespace tomoslab
