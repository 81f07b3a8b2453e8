// From a finished job to files: the volume, and its middle slices as images.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/reconstruction_client.h"
#include "tomoslab/v1/job.pb.h"
#include "worker/data/volume_writer.h"

namespace tomoslab {

struct OutputOptions {
  std::string volume;                // FILE.h5 or FOLDER/; empty = none
  std::string png_folder;            // empty = none
  std::optional<IndexRange> slices;  // only these; unset = all
  v1::VolumeContent content = {};    // unset: the attenuation
};

/// Where the volume lies and how it came to be, for the writers.
absl::StatusOr<VolumeRecord> RecordOf(const v1::Job& job, const v1::Scan& scan, int ranks);

/// Fetches the job's volume into the files and says on `show` where they are (one call per line).
/// Checks before it fetches that they can be written.
absl::Status WriteOutputs(
    ReconstructionClient& client, const v1::Job& job, const OutputOptions& options,
    const std::function<void(std::int64_t done, std::int64_t total)>& on_progress,
    const std::function<void(const std::string&)>& show);

/// InvalidArgument when an output cannot become one (name, folder), before any work is done.
absl::Status CheckOutputs(const OutputOptions& options);

}  // namespace tomoslab
