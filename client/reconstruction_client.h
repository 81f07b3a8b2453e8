// A server's Reconstruction service as plain calls: retried where that is safe, streams that
// survive a cut.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/retry.h"
#include "proto/dial.h"
#include "tomoslab/v1/reconstruction.pb.h"
#include "worker/geometry/volume.h"

namespace grpc {
class Channel;
}

namespace tomoslab {

/// Called with the lines of a volume from `first_line` (slice · rows + row) on, in order, each
/// exactly once.
using LineSink =
    std::function<absl::Status(std::int64_t first_line, absl::Span<const float> lines)>;

/// What to read of a job.
struct VolumeRequest {
  std::string job;
  Volume volume;                   // the job's
  IndexRange slices;               // of it
  v1::VolumeContent content = {};  // unset: the attenuation
};

class ReconstructionClient {
 public:
  explicit ReconstructionClient(std::shared_ptr<grpc::Channel> channel, RetryPolicy retry = {});
  ~ReconstructionClient();

  /// Connects when first used. InvalidArgument: as Dial.
  static absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const ServerChoice& server);
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Single calls. Unavailable is tried again until the policy's patience ends; creations are
  // idempotent by a request_id of their own, so that trying again never creates two. Ping is not
  // tried again.
  absl::StatusOr<v1::ServerInfo> Ping();
  absl::StatusOr<v1::Scan> CreateScan(const v1::Scan& scan);
  absl::StatusOr<v1::Scan> GetScan(const std::string& name);
  absl::StatusOr<v1::Job> CreateJob(const v1::JobSpec& spec);
  absl::StatusOr<v1::JobPlan> PlanJob(const v1::JobSpec& spec);
  absl::StatusOr<v1::Job> GetJob(const std::string& name);
  absl::StatusOr<v1::Job> CancelJob(const std::string& name);
  absl::Status DeleteScan(const std::string& name);
  absl::Status DeleteJob(const std::string& name);
  absl::StatusOr<std::vector<v1::Job>> ListJobs(int limit);
  absl::StatusOr<std::vector<v1::Scan>> ListScans(int limit);

  /// Every event of the job after `after_event`, each once, until the job is over; connects again
  /// when the stream is cut. `on_event` returns false to stop early (OK). Cancelled when the user
  /// interrupts.
  absl::Status Watch(const std::string& job, std::int64_t after_event,
                     const std::function<bool(const v1::JobEvent&)>& on_event);

  /// The lines of a job's log that the request wants, each once; as Watch.
  absl::Status ReadLog(v1::ReadLogRequest request,
                       const std::function<bool(const v1::LogLine&)>& on_line);

  /// Slices of a job's volume into `sink`, labels as numbers too; goes on where it was cut.
  /// DataLoss when a chunk is damaged.
  absl::Status ReadSlices(const VolumeRequest& wanted, const LineSink& sink);

  /// One preview; NotFound when there is none.
  absl::StatusOr<std::pair<v1::PreviewReady, std::vector<float>>> ReadPreview(
      const v1::ReadPreviewRequest& request);

 private:
  class Calls;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Calls> calls_;
};

/// True for SUCCEEDED, FAILED and CANCELLED.
bool IsOver(v1::JobState state);

/// A random name for idempotent creation.
std::string NewRequestId();

}  // namespace tomoslab
