#include "client/job_run.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/interrupt.h"
#include "client/scan_file.h"
#include "client/upload.h"
#include "proto/values.h"
#include "worker/core/status.h"

namespace tomoslab {

absl::StatusOr<std::unique_ptr<ProjectionReader>> OpenAndReport(const ScanOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(std::unique_ptr<ProjectionReader> reader,
                            OpenScanFile(options.input, options.hints, options.every_views));
  std::printf("%s\n%s", options.input.c_str(), ReportText(reader->description().report).c_str());
  std::fflush(stdout);
  return reader;
}

absl::StatusOr<v1::JobSpec> PrepareJob(JobOptions options, const ScanDescription& description,
                                       const v1::Scan& scan) {
  TOMOSLAB_RETURN_IF_ERROR(ValidateScan(scan));
  if (!options.background_offset && options.job_file.empty())
    options.background_offset = description.background_offset;
  TOMOSLAB_ASSIGN_OR_RETURN(v1::JobSpec spec, MakeJobSpec(options, scan));
  TOMOSLAB_RETURN_IF_ERROR(ValidateJobSpec(spec, scan));
  return spec;
}

absl::StatusOr<std::unique_ptr<ReconstructionClient>> Reach(const ServerChoice& server) {
  TOMOSLAB_ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel,
                            ReconstructionClient::Connect(server));
  auto client = std::make_unique<ReconstructionClient>(std::move(channel));
  const absl::StatusOr<v1::ServerInfo> info = client->Ping();
  if (info.ok()) return client;
  if (!IsTransient(info.status())) return info.status();
  std::string hint = ExplainTls(server, info.status());
  if (hint.empty()) {
    hint = "start tomoslabd there, or name another one with --server HOST:PORT or TOMOSLAB_SERVER";
  }
  return absl::UnavailableError(absl::StrFormat("no server answers at %s (%s); %s", server.address,
                                                info.status().message(), hint));
}

absl::Status UploadWithProgress(ReconstructionClient& client, const v1::Scan& scan,
                                ProjectionReader& reader, JobDisplay& display) {
  UploadOptions options;
  options.on_progress = [&](const UploadProgress& progress) {
    if (!progress.trouble.empty()) {
      display.ShowLine(absl::StrCat("upload interrupted, trying again: ", progress.trouble));
      return;
    }
    const double total = static_cast<double>(progress.total_bytes),
                 done = static_cast<double>(progress.acknowledged_bytes);
    display.ShowPassing(absl::StrFormat("uploading %s of %s (%.0f %%)", BytesText(done),
                                        BytesText(total), 100 * done / total));
  };
  const absl::Status status = UploadScan(client.channel(), scan, reader, options);
  if (status.ok()) display.ShowLine(absl::StrCat("uploaded to ", scan.name()));
  display.EndPassing();
  return status;
}

absl::StatusOr<v1::Job> Follow(ReconstructionClient& client, const std::string& job,
                               std::int64_t after_event, JobDisplay& display) {
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Job at_start, client.GetJob(job));
  display.SetPlanned(at_start.iterations_planned());
  const absl::Status watched = client.Watch(job, after_event, [&](const v1::JobEvent& event) {
    display.Show(event);
    return true;
  });
  display.EndPassing();
  TOMOSLAB_RETURN_IF_ERROR(watched);
  return client.GetJob(job);
}

absl::Status StatusOf(const v1::Job& job) {
  const std::string why =
      job.status_message().empty() ? "" : absl::StrCat(": ", job.status_message());
  switch (job.state()) {
    case v1::SUCCEEDED:
      return absl::OkStatus();
    case v1::FAILED:
      return absl::AbortedError(absl::StrCat(job.name(), " failed", why));
    case v1::CANCELLED:
      return absl::CancelledError(absl::StrCat(job.name(), " was cancelled", why));
    default:
      return absl::FailedPreconditionError(
          absl::StrCat(job.name(), " is not over; it is ", StateText(job.state()), why));
  }
}

absl::Status WriteWithProgress(ReconstructionClient& client, const v1::Job& job,
                               const OutputOptions& options, JobDisplay& display) {
  if (options.volume.empty() && options.png_folder.empty()) return absl::OkStatus();
  const absl::Status status = WriteOutputs(
      client, job, options,
      [&](std::int64_t done, std::int64_t total) {
        display.ShowPassing(
            absl::StrFormat("fetching the volume (%.0f %%)",
                            100.0 * static_cast<double>(done) / static_cast<double>(total)));
      },
      [&](const std::string& line) { display.ShowLine(line); });
  display.EndPassing();
  return status;
}

void PrintPlan(const v1::JobPlan& plan) {
  const absl::StatusOr<Volume> volume = ToVolume(plan.volume());
  std::printf("plan: %s\n", volume.ok() ? volume->ToString().c_str() : "no volume");
  std::printf("  volume %s, projections %s, exchanged per iteration %s\n",
              BytesText(static_cast<double>(plan.volume_bytes())).c_str(),
              BytesText(static_cast<double>(plan.projection_bytes())).c_str(),
              BytesText(static_cast<double>(plan.exchanged_bytes_per_iteration())).c_str());
  for (const v1::RankPlan& rank : plan.rank()) {
    std::printf("  rank %d: %s, %s, %s\n", rank.rank(),
                RangeText("slices", rank.slice_begin(), rank.slice_end()).c_str(),
                RangeText("detector rows", rank.row_begin(), rank.row_end()).c_str(),
                BytesText(static_cast<double>(rank.memory_bytes())).c_str());
  }
  if (!plan.explanation().empty()) std::printf("  %s\n", plan.explanation().c_str());
  for (const std::string& warning : plan.warning()) std::printf("  WARNING: %s\n", warning.c_str());
  std::fflush(stdout);
}

}  // namespace tomoslab
