// tomoslab logs: what the server and the ranks wrote about a job.
#include <cstdio>

#include "client/commands.h"
#include "client/exit_code.h"
#include "client/interrupt.h"
#include "client/job_run.h"
#include "proto/log_line.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

absl::Status Logs(const LogsOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ReconstructionClient> client,
                            Reach(options.server));
  v1::ReadLogRequest request;
  request.set_job(options.job);
  request.set_last_lines(options.last_lines);
  request.set_least_severity(options.least_severity);
  request.set_follow(options.follow);
  const LogFormat format = options.json ? LogFormat::kJson : LogFormat::kText;
  return client->ReadLog(request, [&](const v1::LogLine& line) {
    std::printf("%s\n", FormatLogLine(line, options.job, format).c_str());
    return std::fflush(stdout) == 0;
  });
}

}  // namespace

int RunLogs(const LogsOptions& options) { return ReportError(Logs(options)); }

}  // namespace tomoslab
