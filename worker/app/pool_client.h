// A rank's side of the pool service: calls and streams as functions, gRPC's statuses as absl's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/dial.h"
#include "tomoslab/v1/pool.grpc.pb.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

class PoolClient {
 public:
  explicit PoolClient(const std::shared_ptr<grpc::Channel>& channel);
  /// A channel that notices a cut link within seconds. Fails as proto's Dial.
  static absl::StatusOr<std::shared_ptr<grpc::Channel>> Dial(const ServerChoice& server);

  /// The pool's life line: commands come in, and when it breaks the server ends the pool's lease.
  class Attachment {
   public:
    /// Waits for the next command. Fails with the stream's status when it ended.
    absl::StatusOr<v1::PoolCommand> Next();

   private:
    friend class PoolClient;
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReader<v1::PoolCommand>> stream_;
  };
  /// Returns at once; a refusal comes from the first Next().
  std::unique_ptr<Attachment> Attach(const v1::AttachRequest& request);

  absl::StatusOr<v1::ReportResponse> Report(const v1::ReportRequest& request);

  /// Rows `rows` of all frames [frames) of a kind, chunk by chunk in order, each checked against
  /// its crc32c.
  ///   take: (first frame-line of the chunk, its bytes); what it returns ends the stream when not
  ///   OK.
  struct FrameRows {
    v1::FrameKind kind;
    IndexRange frames, rows;
  };
  using TakeProjections = std::function<absl::Status(const v1::ProjectionChunk&)>;
  absl::Status FetchProjections(const v1::Lease& lease, const FrameRows& what,
                                const TakeProjections& take);

  using TakeVolume = std::function<absl::Status(const v1::VolumeChunk&)>;
  absl::Status FetchStartVolume(const v1::Lease& lease, IndexRange slices, const TakeVolume& take);

  /// give: fills the next chunk, false when there is none.
  absl::Status DeliverSlices(const std::string& lease,
                             const std::function<bool(v1::VolumeChunk*)>& give);
  absl::Status DeliverPreviews(const std::string& lease,
                               const std::function<bool(v1::PreviewChunk*)>& give);

 private:
  std::unique_ptr<v1::Pool::Stub> stub_;
};

}  // namespace tomoslab
