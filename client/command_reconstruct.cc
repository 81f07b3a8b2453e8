// tomoslab reconstruct: a server and a pool of our own, one job, and all of it gone again
// afterwards.
#include <cstdio>
#include <utility>

#include "client/commands.h"
#include "client/exit_code.h"
#include "client/job_run.h"
#include "client/scan_file.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

absl::StatusOr<v1::Job> RunJob(ReconstructionClient& client, const v1::Scan& scan,
                               ProjectionReader& reader, v1::JobSpec spec, JobDisplay& display) {
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Scan created, client.CreateScan(scan));
  spec.set_scan(created.name());
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::JobPlan plan, client.PlanJob(spec));
  PrintPlan(plan);
  TOMOSLAB_RETURN_IF_ERROR(UploadWithProgress(client, created, reader, display));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, client.CreateJob(spec));
  TOMOSLAB_ASSIGN_OR_RETURN(v1::Job ended, Follow(client, job.name(), 0, display));
  TOMOSLAB_RETURN_IF_ERROR(StatusOf(ended));
  return ended;
}

absl::Status Reconstruct(const ReconstructOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ProjectionReader> reader,
                            OpenAndReport(options.scan));
  const v1::Scan scan = ToProto(reader->description(), options.scan.input);
  TOMOSLAB_ASSIGN_OR_RETURN(v1::JobSpec spec, PrepareJob(options.job, reader->description(), scan));
  TOMOSLAB_RETURN_IF_ERROR(CheckOutputs(options.output));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<EmbeddedServer> server,
                            EmbeddedServer::Start(options.server));
  JobDisplay display(ModeOfStdout());
  RetryPolicy retry;
  retry.give_up_after_seconds =
      15;  // the server is on this machine: when it does not answer, it is gone
  TOMOSLAB_ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel,
                            ReconstructionClient::Connect({server->address(), {}, ""}));
  ReconstructionClient client(std::move(channel), retry);
  const absl::StatusOr<v1::Job> job = RunJob(client, scan, *reader, std::move(spec), display);
  display.EndPassing();
  if (!job.ok() && !server->Running()) {
    return absl::InternalError("the embedded server ended by itself; the end of its log:\n" +
                               server->EndOfLog());
  }
  TOMOSLAB_RETURN_IF_ERROR(job.status());
  return WriteWithProgress(client, *job, options.output, display);
}

}  // namespace

int RunReconstruct(const ReconstructOptions& options) { return ReportError(Reconstruct(options)); }

}  // namespace tomoslab
