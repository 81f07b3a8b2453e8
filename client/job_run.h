// The steps that several commands share: upload, submit, follow, write.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/commands.h"
#include "client/job_display.h"
#include "client/reconstruction_client.h"

namespace tomoslab {

/// Opens the file and prints the import report.
absl::StatusOr<std::unique_ptr<ProjectionReader>> OpenAndReport(const ScanOptions& options);

/// The scan's message with the job that the options ask for: the file's advice (background offset)
/// where no flag says otherwise. Everything is checked here already, with the server's own words,
/// before a byte is sent.
absl::StatusOr<v1::JobSpec> PrepareJob(JobOptions options, const ScanDescription& description,
                                       const v1::Scan& scan);

/// A client whose server has answered. Unavailable says how to start one.
absl::StatusOr<std::unique_ptr<ReconstructionClient>> Reach(const ServerChoice& server);

/// Sends the scan's data, with a progress line.
absl::Status UploadWithProgress(ReconstructionClient& client, const v1::Scan& scan,
                                ProjectionReader& reader, JobDisplay& display);

/// Follows the job to its end. The job as it ended; not OK when it cannot be followed.
absl::StatusOr<v1::Job> Follow(ReconstructionClient& client, const std::string& job,
                               std::int64_t after_event, JobDisplay& display);

/// OK when the job succeeded; else what became of it.
absl::Status StatusOf(const v1::Job& job);

/// WriteOutputs with a progress line.
absl::Status WriteWithProgress(ReconstructionClient& client, const v1::Job& job,
                               const OutputOptions& options, JobDisplay& display);

void PrintPlan(const v1::JobPlan& plan);

}  // namespace tomoslab
