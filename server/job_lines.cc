#include "server/job_lines.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/algorithm_values.h"
#include "proto/log_line.h"
#include "proto/log_output.h"

namespace tomoslab {
namespace {

std::string HostName() {
  char name[256] = "";
  if (gethostname(name, sizeof(name) - 1) != 0) return "";
  return name;
}

void Set(v1::LogLine& line, const std::string& key, const std::string& value) {
  (*line.mutable_field())[key] = value;
}

v1::LogLine StateLine(const v1::Job& job, const v1::StateChange& change) {
  const std::string state = v1::JobState_Name(change.state());
  v1::LogLine line =
      NewLogLine(change.state() == v1::FAILED ? v1::ERROR : v1::INFO,
                 change.reason().empty() ? state : absl::StrCat(state, ": ", change.reason()));
  Set(line, "state", state);
  if (change.state() == v1::QUEUED && job.attempts() == 0) {
    Set(line, "algorithm", AlgorithmName(job.spec().algorithm()));
    Set(line, "scan", job.spec().scan());
    if (!job.owner().empty()) Set(line, "owner", job.owner());
  }
  if (change.state() == v1::LOADING) Set(line, "pool", job.pool());
  return line;
}

v1::LogLine CheckpointLine(const v1::CheckpointReport& report) {
  const bool resumed = report.kind() == v1::CheckpointReport::RESUMED;
  v1::LogLine line =
      NewLogLine(v1::INFO, resumed ? "going on from a checkpoint" : "a checkpoint is on the disk");
  Set(line, "iteration", absl::StrCat(report.iteration()));
  Set(line, "bytes", absl::StrCat(report.bytes()));
  Set(line, "seconds", absl::StrFormat("%.3f", report.seconds()));
  return line;
}

v1::LogLine PoolLine(const v1::PoolReport& pool) {
  std::set<std::string> hosts;
  std::int64_t memory = 0, device_memory = 0;
  for (const v1::RankReport& rank : pool.rank()) {
    hosts.insert(rank.host());
    memory += rank.memory_bytes();
    device_memory += rank.device_memory_bytes();
  }
  v1::LogLine line = NewLogLine(v1::INFO, "the ranks have shared the volume out");
  Set(line, "pool", pool.pool());
  Set(line, "ranks", absl::StrCat(pool.rank_size()));
  Set(line, "hosts", absl::StrCat(hosts.size()));
  Set(line, "memory_bytes", absl::StrCat(memory));
  if (device_memory > 0) Set(line, "device_memory_bytes", absl::StrCat(device_memory));
  return line;
}

}  // namespace

std::vector<v1::LogLine> LinesOf(const v1::Job& job, const v1::JobEvent& event) {
  v1::LogLine line;
  if (event.has_state_change()) {
    line = StateLine(job, event.state_change());
  } else if (event.has_log()) {
    line = NewLogLine(event.log().severity(), event.log().text());
    line.set_rank(event.log().rank());
  } else if (event.has_checkpoint()) {
    line = CheckpointLine(event.checkpoint());
  } else if (event.has_pool()) {
    line = PoolLine(event.pool());
  } else {
    return {};
  }
  line.set_attempt(job.attempts());
  if (event.has_time()) *line.mutable_time() = event.time();
  return SplitLines(line);
}

JobLines::JobLines(JobLogs& logs, ScanStore& scans)
    : logs_(logs), scans_(scans), host_(HostName()) {}

void JobLines::AddScan(const v1::Job& job, std::vector<v1::LogLine>* lines) const {
  const absl::StatusOr<v1::Scan> scan = scans_.Get(job.spec().scan());
  if (!scan.ok()) return;
  v1::LogLine line = NewLogLine(v1::INFO, "computing from the projections of this scan");
  line.set_attempt(job.attempts());
  Set(line, "scan", scan->name());
  Set(line, "views", absl::StrCat(scan->view_count()));
  Set(line, "flats", absl::StrCat(scan->flat_count()));
  Set(line, "darks", absl::StrCat(scan->dark_count()));
  if (!scan->display_name().empty()) Set(line, "name", scan->display_name());
  lines->push_back(std::move(line));
}

void JobLines::Appended(const v1::Job& job, const std::vector<v1::JobEvent>& events) {
  std::vector<v1::LogLine> lines;
  for (const v1::JobEvent& event : events) {
    for (v1::LogLine& line : LinesOf(job, event)) lines.push_back(std::move(line));
    if (event.state_change().state() == v1::LOADING) AddScan(job, &lines);
  }
  for (v1::LogLine& line : lines) {
    if (line.rank() < 0) line.set_host(host_);
    LogAbout(job.name(), line);
  }
  logs_.Append(job.name(), lines);
}

void JobLines::Deleted(const std::string& job) {
  logs_.Remove(job);
  spdlog::info("{}: deleted", job);
}

}  // namespace tomoslab
