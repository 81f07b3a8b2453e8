// tomoslab submit: a scan to a server, and a job on it.
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands.h"
#include "client/exit_code.h"
#include "client/interrupt.h"
#include "client/job_run.h"
#include "client/scan_file.h"
#include "proto/values.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

// The server's scan that an interrupted upload belongs to; it must be what the file holds.
absl::StatusOr<v1::Scan> FindScan(ReconstructionClient& client, const std::string& name,
                                  const v1::Scan& file) {
  TOMOSLAB_ASSIGN_OR_RETURN(v1::Scan there, client.GetScan(name));
  const v1::Detector &a = there.geometry().detector(), &b = file.geometry().detector();
  if (there.view_count() == file.view_count() && there.flat_count() == file.flat_count() &&
      there.dark_count() == file.dark_count() && there.data_type() == file.data_type() &&
      a.rows() == b.rows() && a.columns() == b.columns()) {
    return there;
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s has %d views, %d flats and %d darks of %d x %d %s; the file has %d, %d, %d of %d x %d "
      "%s: it is another scan",
      name, there.view_count(), there.flat_count(), there.dark_count(), a.rows(), a.columns(),
      v1::DataType_Name(there.data_type()), file.view_count(), file.flat_count(), file.dark_count(),
      b.rows(), b.columns(), v1::DataType_Name(file.data_type())));
}

absl::Status Upload(const SubmitOptions& options, ReconstructionClient& client,
                    const v1::Scan& scan, ProjectionReader& reader, JobDisplay& display) {
  const absl::Status status = UploadWithProgress(client, scan, reader, display);
  if (!status.ok()) {
    display.ShowLine(absl::StrCat("the upload can go on where it stopped: tomoslab submit ",
                                  options.scan.input, " --resume ", scan.name(), " ..."));
  }
  return status;
}

// The scan's name and the job's spec for it, the scan being on the server.
absl::StatusOr<v1::JobSpec> SendScan(const SubmitOptions& options, JobDisplay& display,
                                     std::unique_ptr<ReconstructionClient>& client) {
  if (options.scan.input.starts_with("scans/")) {
    if (options.scan.every_views != 1) {
      return absl::InvalidArgumentError(
          "--every-views applies to a file that is uploaded, not to a scan on the server");
    }
    TOMOSLAB_ASSIGN_OR_RETURN(client, Reach(options.server));
    TOMOSLAB_ASSIGN_OR_RETURN(const v1::Scan scan, client->GetScan(options.scan.input));
    return MakeJobSpec(options.job, scan);
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ProjectionReader> reader,
                            OpenAndReport(options.scan));
  v1::Scan scan = ToProto(reader->description(), options.scan.input);
  TOMOSLAB_ASSIGN_OR_RETURN(v1::JobSpec spec, PrepareJob(options.job, reader->description(), scan));
  TOMOSLAB_ASSIGN_OR_RETURN(client, Reach(options.server));
  if (options.resume_scan.empty()) {
    TOMOSLAB_ASSIGN_OR_RETURN(scan, client->CreateScan(scan));
  } else {
    TOMOSLAB_ASSIGN_OR_RETURN(scan, FindScan(*client, options.resume_scan, scan));
  }
  spec.set_scan(scan.name());
  if (!options.upload_only) {  // what would be refused is refused before the upload
    TOMOSLAB_ASSIGN_OR_RETURN(const v1::JobPlan plan, client->PlanJob(spec));
    PrintPlan(plan);
  }
  TOMOSLAB_RETURN_IF_ERROR(Upload(options, *client, scan, *reader, display));
  return spec;
}

absl::Status Submit(const SubmitOptions& options) {
  if (options.watch) TOMOSLAB_RETURN_IF_ERROR(CheckOutputs(options.output));
  JobDisplay display(ModeOfStdout());
  std::unique_ptr<ReconstructionClient> client;
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::JobSpec spec, SendScan(options, display, client));
  if (options.upload_only) {
    std::printf("%s\n", spec.scan().c_str());
    return absl::OkStatus();
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job job, client->CreateJob(spec));
  std::printf("%s\n", job.name().c_str());
  std::fflush(stdout);
  if (!options.watch) return absl::OkStatus();
  const absl::StatusOr<v1::Job> ended = Follow(*client, job.name(), 0, display);
  if (Interrupted())
    display.ShowLine(absl::StrCat("the job goes on; follow it with: tomoslab watch ", job.name()));
  TOMOSLAB_RETURN_IF_ERROR(ended.status());
  TOMOSLAB_RETURN_IF_ERROR(StatusOf(*ended));
  return WriteWithProgress(*client, *ended, options.output, display);
}

}  // namespace

int RunSubmit(const SubmitOptions& options) { return ReportError(Submit(options)); }

}  // namespace tomoslab
