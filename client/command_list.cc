// tomoslab list: jobs, scans and pools of a server.
#include <cstdio>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands.h"
#include "client/exit_code.h"
#include "client/job_run.h"
#include "proto/algorithm_values.h"
#include "proto/values.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

std::string TimeText(const google::protobuf::Timestamp& time) {
  const std::time_t seconds = time.seconds();
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return text;
}

std::string ProgressText(const v1::Job& job) {
  if (job.iterations_planned() == 0) return AlgorithmName(job.spec().algorithm());
  return absl::StrFormat("%s %d/%d", AlgorithmName(job.spec().algorithm()),
                         job.last_iteration().iteration(), job.iterations_planned());
}

absl::Status ListJobs(ReconstructionClient& client, int limit) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<v1::Job> jobs, client.ListJobs(limit));
  std::printf("%-24s %-10s %-16s %-24s %-19s %s\n", "JOB", "STATE", "ALGORITHM", "SCAN", "CREATED",
              "NOTE");
  for (const v1::Job& job : jobs) {
    std::printf(
        "%-24s %-10s %-16s %-24s %-19s %s\n", job.name().c_str(), StateText(job.state()).c_str(),
        ProgressText(job).c_str(), job.spec().scan().c_str(), TimeText(job.create_time()).c_str(),
        (job.status_message().empty() ? job.spec().display_name() : job.status_message()).c_str());
  }
  return absl::OkStatus();
}

absl::Status ListScans(ReconstructionClient& client, int limit) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<v1::Scan> scans, client.ListScans(limit));
  std::printf("%-24s %-22s %-10s %-19s %s\n", "SCAN", "VIEWS x ROWS x COLUMNS", "COMPLETE",
              "CREATED", "NAME");
  for (const v1::Scan& scan : scans) {
    const v1::Detector& detector = scan.geometry().detector();
    std::printf(
        "%-24s %-22s %-10s %-19s %s\n", scan.name().c_str(),
        absl::StrFormat("%d x %d x %d", scan.view_count(), detector.rows(), detector.columns())
            .c_str(),
        scan.complete() ? "yes" : "no", TimeText(scan.create_time()).c_str(),
        scan.display_name().c_str());
  }
  return absl::OkStatus();
}

absl::Status ListPools(ReconstructionClient& client) {
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::ServerInfo info, client.Ping());
  std::printf("server version %s, %d jobs queued, %s of %s free\n", info.version().c_str(),
              info.queued_jobs(), BytesText(static_cast<double>(info.store_free_bytes())).c_str(),
              BytesText(static_cast<double>(info.store_total_bytes())).c_str());
  for (const v1::PoolInfo& pool : info.pool()) {
    std::printf("pool %s (%s): %d ranks, %s\n", pool.name().c_str(),
                pool.local() ? "local" : "remote", pool.ranks(),
                pool.job().empty() ? "idle" : absl::StrCat("works on ", pool.job()).c_str());
    for (const v1::RankReport& rank : pool.rank())
      std::printf("  rank %d on %s: %s\n", rank.rank(), rank.host().c_str(), rank.device().c_str());
  }
  return absl::OkStatus();
}

absl::Status ListAsJson(ReconstructionClient& client, const ListOptions& options) {
  if (options.pools) {
    TOMOSLAB_ASSIGN_OR_RETURN(const v1::ServerInfo info, client.Ping());
    std::printf("%s\n", JsonLine(info).c_str());
  } else if (options.scans) {
    TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<v1::Scan> scans, client.ListScans(options.limit));
    for (const v1::Scan& scan : scans) std::printf("%s\n", JsonLine(scan).c_str());
  } else {
    TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<v1::Job> jobs, client.ListJobs(options.limit));
    for (const v1::Job& job : jobs) std::printf("%s\n", JsonLine(job).c_str());
  }
  return absl::OkStatus();
}

absl::Status List(const ListOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ReconstructionClient> client,
                            Reach(options.server));
  if (options.json) return ListAsJson(*client, options);
  if (options.pools) return ListPools(*client);
  return options.scans ? ListScans(*client, options.limit) : ListJobs(*client, options.limit);
}

}  // namespace

int RunList(const ListOptions& options) { return ReportError(List(options)); }

}  // namespace tomoslab
