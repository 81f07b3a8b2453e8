#include "worker/app/pool_client.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "proto/chunking.h"
#include "proto/grpc_status.h"
#include "proto/state_chunks.h"
#include "proto/values.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::chrono::seconds kReportDeadline{60}, kBeatDeadline{3}, kLogDeadline{5},
    kPatience{30};
constexpr std::chrono::milliseconds kFirstPause{100}, kLongestPause{2000};

/// Reads a stream to its end; a refusal by `take` cancels it.
template <class Chunk>
absl::Status Drain(grpc::ClientContext* context, grpc::ClientReader<Chunk>* stream,
                   const std::function<absl::Status(const Chunk&)>& take) {
  Chunk chunk;
  while (stream->Read(&chunk)) {
    if (const absl::Status status = take(chunk); !status.ok()) {
      context->TryCancel();
      stream->Finish();
      return status;
    }
  }
  return FromGrpc(stream->Finish());
}

/// Writes the first message and then all chunks; the answer's status.
template <class Request, class Chunk>
absl::Status Deliver(grpc::ClientWriter<Request>* stream, const Request& first,
                     const std::function<bool(Chunk*)>& give) {
  bool open = stream->Write(first);
  Request request;
  while (open && give(request.mutable_chunk())) open = stream->Write(request);
  if (open) stream->WritesDone();
  return FromGrpc(stream->Finish());
}

/// The chunk without its first `lines` lines; not checked again, so without a checksum.
v1::ProjectionChunk WithoutFirst(v1::ProjectionChunk chunk, std::int64_t lines,
                                 std::int64_t bytes_per_line) {
  chunk.mutable_data()->erase(0, static_cast<std::size_t>(lines * bytes_per_line));
  chunk.set_first_line(chunk.first_line() + lines);
  chunk.set_line_count(chunk.line_count() - lines);
  chunk.clear_crc32c();
  return chunk;
}

}  // namespace

PoolClient::PoolClient(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(v1::Pool::NewStub(channel)) {}

absl::StatusOr<std::shared_ptr<grpc::Channel>> PoolClient::Dial(const ServerChoice& server) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 2000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 4000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  // An attempt that was begun while the link was cut must not outlive the cut by much.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // A lease holds a scan's geometry (3 MiB), a job (1 MiB) and two checkpoints (1 MiB each).
  arguments.SetMaxReceiveMessageSize(16 << 20);
  return tomoslab::Dial(server, std::move(arguments));
}

std::unique_ptr<PoolClient::Attachment> PoolClient::Attach(const v1::AttachRequest& request) {
  auto attachment = std::make_unique<Attachment>();
  attachment->stream_ = stub_->Attach(&attachment->context_, request);
  return attachment;
}

absl::StatusOr<v1::PoolCommand> PoolClient::Attachment::Next() {
  v1::PoolCommand command;
  if (stream_->Read(&command)) return command;
  const absl::Status status = FromGrpc(stream_->Finish());
  return status.ok() ? absl::UnavailableError("the server ended the pool's stream") : status;
}

absl::StatusOr<v1::ReportResponse> PoolClient::Report(const v1::ReportRequest& request) {
  v1::ReportResponse response;
  const auto call = [&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kReportDeadline);
    return FromGrpc(stub_->Report(&context, request, &response));
  };
  TOMOSLAB_RETURN_IF_ERROR(request.number() > 0 ? RepeatWhileBroken(call) : call());
  return response;
}

absl::Status PoolClient::ReportLog(const v1::ReportLogRequest& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kLogDeadline);
  v1::ReportLogResponse response;
  return FromGrpc(stub_->ReportLog(&context, request, &response));
}

absl::Status PoolClient::Beat(const std::string& lease, const v1::RankUsage& usage) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kBeatDeadline);
  v1::BeatRequest request;
  request.set_lease(lease);
  request.set_rank(usage.rank());
  *request.mutable_usage() = usage;
  v1::BeatResponse response;
  return FromGrpc(stub_->Beat(&context, request, &response));
}

absl::Status RepeatWhileBroken(const std::function<absl::Status()>& call,
                               const std::function<bool()>& go_on) {
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> broken;  // since when no call has lasted
  std::chrono::milliseconds pause = kFirstPause;
  while (true) {
    const Clock::time_point begun = Clock::now();
    const absl::Status status = call();
    const Clock::time_point ended = Clock::now();
    if (!broken || ended - begun > kPatience) {
      broken = ended;
      pause = kFirstPause;
    }
    if (!absl::IsUnavailable(status) || !go_on() || ended - *broken > kPatience) return status;
    spdlog::warn("{}; trying again", std::string(status.message()));
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

absl::Status PoolClient::FetchProjections(const v1::Lease& lease, const FrameRows& what,
                                          const TakeProjections& take) {
  if (what.frames.empty() || what.rows.empty()) return absl::OkStatus();
  std::int64_t taken = 0;
  return RepeatWhileBroken([&] { return FetchRest(lease, what, take, &taken); });
}

absl::Status PoolClient::FetchRest(const v1::Lease& lease, const FrameRows& what,
                                   const TakeProjections& take, std::int64_t* taken) {
  const std::int64_t rows = what.rows.size();
  v1::FetchProjectionsRequest request;
  request.set_lease(lease.id());
  request.set_kind(what.kind);
  request.set_frame_begin(static_cast<int>(what.frames.begin + *taken / rows));
  request.set_frame_end(static_cast<int>(what.frames.end));
  request.set_row_begin(static_cast<int>(what.rows.begin));
  request.set_row_end(static_cast<int>(what.rows.end));
  grpc::ClientContext context;
  const auto stream = stub_->FetchProjections(&context, request);
  const std::int64_t bytes_per_line = BytesPerLine(lease.scan()),
                     lines = LineCount(lease.scan(), what.kind);
  std::int64_t known = *taken % rows;  // lines of the first frame that came before
  TOMOSLAB_RETURN_IF_ERROR(
      Drain<v1::ProjectionChunk>(&context, stream.get(), [&](const v1::ProjectionChunk& chunk) {
        TOMOSLAB_RETURN_IF_ERROR(CheckChunk(chunk, bytes_per_line, lines));
        const std::int64_t skip = std::min(known, chunk.line_count());
        known -= skip;
        if (skip == chunk.line_count()) return absl::OkStatus();
        *taken += chunk.line_count() - skip;
        return skip == 0 ? take(chunk) : take(WithoutFirst(chunk, skip, bytes_per_line));
      }));
  if (*taken == what.frames.size() * rows) return absl::OkStatus();
  return absl::UnavailableError("the server sent fewer projections than were asked for");
}

absl::Status PoolClient::FetchStartVolume(const v1::Lease& lease, IndexRange slices,
                                          const TakeVolume& take) {
  if (slices.empty()) return absl::OkStatus();
  v1::FetchStartVolumeRequest request;
  request.set_lease(lease.id());
  request.set_slice_begin(static_cast<int>(slices.begin));
  request.set_slice_end(static_cast<int>(slices.end));
  grpc::ClientContext context;
  const auto stream = stub_->FetchStartVolume(&context, request);
  const v1::VolumeGeometry& volume = lease.spec().volume();
  const std::int64_t lines = std::int64_t{volume.slices()} * volume.rows();
  return Drain<v1::VolumeChunk>(&context, stream.get(), [&](const v1::VolumeChunk& chunk) {
    TOMOSLAB_RETURN_IF_ERROR(CheckChunk(chunk, 4 * std::int64_t{volume.columns()}, lines));
    return take(chunk);
  });
}

absl::Status PoolClient::DeliverSlices(const std::string& lease,
                                       const std::function<bool(v1::VolumeChunk*)>& give) {
  grpc::ClientContext context;
  v1::DeliverSlicesResponse response;
  const auto stream = stub_->DeliverSlices(&context, &response);
  v1::DeliverSlicesRequest first;
  first.set_lease(lease);
  return Deliver<v1::DeliverSlicesRequest, v1::VolumeChunk>(stream.get(), first, give);
}

absl::Status PoolClient::DeliverPreviews(const std::string& lease,
                                         const std::function<bool(v1::PreviewChunk*)>& give) {
  grpc::ClientContext context;
  v1::DeliverPreviewsResponse response;
  const auto stream = stub_->DeliverPreviews(&context, &response);
  v1::DeliverPreviewsRequest first;
  first.set_lease(lease);
  return Deliver<v1::DeliverPreviewsRequest, v1::PreviewChunk>(stream.get(), first, give);
}

absl::Status PoolClient::DeliverCheckpoint(const std::string& lease,
                                           const v1::Checkpoint& description,
                                           const std::function<bool(v1::StateChunk*)>& give) {
  grpc::ClientContext context;
  v1::DeliverCheckpointResponse response;
  const auto stream = stub_->DeliverCheckpoint(&context, &response);
  v1::DeliverCheckpointRequest first;
  first.mutable_begin()->set_lease(lease);
  *first.mutable_begin()->mutable_checkpoint() = description;
  return Deliver<v1::DeliverCheckpointRequest, v1::StateChunk>(stream.get(), first, give);
}

absl::Status PoolClient::FetchCheckpoint(const std::string& lease, const v1::Checkpoint& kept,
                                         int part, IndexRange planes, const TakeState& take) {
  v1::FetchCheckpointRequest request;
  request.set_lease(lease);
  request.set_checkpoint(kept.name());
  request.set_part(part);
  request.set_plane_begin(static_cast<int>(planes.begin));
  request.set_plane_end(static_cast<int>(planes.end));
  grpc::ClientContext context;
  const auto stream = stub_->FetchCheckpoint(&context, request);
  return Drain<v1::StateChunk>(&context, stream.get(), [&](const v1::StateChunk& chunk) {
    // Damaged on the way: the store's own copy is checked by the server.
    if (const absl::Status whole = CheckChunk(chunk, kept); !whole.ok())
      return absl::UnavailableError(whole.message());
    return take(chunk);
  });
}

}  // namespace tomoslab
