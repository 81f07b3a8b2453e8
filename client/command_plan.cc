// tomoslab plan: what a job would need, before anything is sent or run.
#include <algorithm>

#include "client/commands.h"
#include "client/exit_code.h"
#include "client/job_run.h"
#include "client/scan_file.h"
#include "proto/plan_job.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

// The ranks of the server's largest pool.
absl::StatusOr<int> RanksOf(const ServerChoice& server) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ReconstructionClient> client, Reach(server));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::ServerInfo info, client->Ping());
  int ranks = 1;
  for (const v1::PoolInfo& pool : info.pool()) ranks = std::max(ranks, pool.ranks());
  return ranks;
}

absl::StatusOr<v1::JobPlan> PlanFile(const PlanOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ProjectionReader> reader,
                            OpenAndReport(options.scan));
  const v1::Scan scan = ToProto(reader->description(), options.scan.input);
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::JobSpec spec,
                            PrepareJob(options.job, reader->description(), scan));
  PoolSize pool{options.ranks, std::int64_t{options.memory_mb_per_rank} << 20,
                std::int64_t{options.device_memory_mb_per_rank} << 20};
  if (!options.server.address.empty()) {
    TOMOSLAB_ASSIGN_OR_RETURN(pool.ranks, RanksOf(options.server));
  }
  return PlanJob(spec, scan, pool);
}

absl::StatusOr<v1::JobPlan> PlanOnServer(const PlanOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ReconstructionClient> client,
                            Reach(options.server));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Scan scan, client->GetScan(options.scan.input));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::JobSpec spec, MakeJobSpec(options.job, scan));
  return client->PlanJob(spec);
}

absl::Status Plan(const PlanOptions& options) {
  const bool on_server = options.scan.input.starts_with("scans/");
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::JobPlan plan,
                            on_server ? PlanOnServer(options) : PlanFile(options));
  PrintPlan(plan);
  return plan.fits() ? absl::OkStatus()
                     : absl::ResourceExhaustedError("the job does not fit: " + plan.explanation());
}

}  // namespace

int RunPlan(const PlanOptions& options) { return ReportError(Plan(options)); }

}  // namespace tomoslab
