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
    /// Next fails from now on, also one that waits.
    void Cancel() { context_.TryCancel(); }

   private:
    friend class PoolClient;
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReader<v1::PoolCommand>> stream_;
  };
  /// Returns at once; a refusal comes from the first Next().
  std::unique_ptr<Attachment> Attach(const v1::AttachRequest& request);

  /// A request with a number is repeated while the connection is broken.
  absl::StatusOr<v1::ReportResponse> Report(const v1::ReportRequest& request);
  /// Aborted: the lease has ended.
  absl::Status Beat(const std::string& lease, const v1::RankUsage& usage);
  /// Not repeated here. Aborted: the lease has ended.
  absl::Status ReportLog(const v1::ReportLogRequest& request);

  /// Rows `rows` of all frames [frames) of a kind, chunk by chunk in order, each checked against
  /// its crc32c. Goes on where it was when the connection breaks: every line is taken once.
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

  /// description: of all ranks' parts, the same from every rank.
  absl::Status DeliverCheckpoint(const std::string& lease, const v1::Checkpoint& description,
                                 const std::function<bool(v1::StateChunk*)>& give);
  using TakeState = std::function<absl::Status(const v1::StateChunk&)>;
  absl::Status FetchCheckpoint(const std::string& lease, const v1::Checkpoint& kept, int part,
                               IndexRange planes, const TakeState& take);

 private:
  /// What comes after the first *taken lines, which it counts on.
  absl::Status FetchRest(const v1::Lease& lease, const FrameRows& what, const TakeProjections& take,
                         std::int64_t* taken);
  std::unique_ptr<v1::Pool::Stub> stub_;
};

/// Calls again, after pauses, while the answer is Unavailable: for calls that may be repeated.
/// Gives up half a minute after the connection broke, or when go_on() says so: the last answer.
absl::Status RepeatWhileBroken(
    const std::function<absl::Status()>& call,
    const std::function<bool()>& go_on = [] { return true; });

}  // namespace tomoslab
