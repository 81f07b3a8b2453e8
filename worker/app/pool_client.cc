#include "worker/app/pool_client.h"

#include <chrono>
#include <utility>

#include "proto/chunking.h"
#include "proto/grpc_status.h"
#include "proto/values.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::chrono::seconds kReportDeadline{60};

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

/// Writes the lease and then all chunks; the answer's status.
template <class Request, class Chunk>
absl::Status Deliver(grpc::ClientWriter<Request>* stream, const std::string& lease,
                     const std::function<bool(Chunk*)>& give) {
  Request request;
  request.set_lease(lease);
  bool open = stream->Write(request);
  while (open && give(request.mutable_chunk())) open = stream->Write(request);
  if (open) stream->WritesDone();
  return FromGrpc(stream->Finish());
}

}  // namespace

PoolClient::PoolClient(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(v1::Pool::NewStub(channel)) {}

absl::StatusOr<std::shared_ptr<grpc::Channel>> PoolClient::Dial(const ServerChoice& server) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 2000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 4000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
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
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kReportDeadline);
  v1::ReportResponse response;
  TOMOSLAB_RETURN_IF_ERROR(FromGrpc(stub_->Report(&context, request, &response)));
  return response;
}

absl::Status PoolClient::FetchProjections(const v1::Lease& lease, const FrameRows& what,
                                          const TakeProjections& take) {
  if (what.frames.empty() || what.rows.empty()) return absl::OkStatus();
  v1::FetchProjectionsRequest request;
  request.set_lease(lease.id());
  request.set_kind(what.kind);
  request.set_frame_begin(static_cast<int>(what.frames.begin));
  request.set_frame_end(static_cast<int>(what.frames.end));
  request.set_row_begin(static_cast<int>(what.rows.begin));
  request.set_row_end(static_cast<int>(what.rows.end));
  grpc::ClientContext context;
  const auto stream = stub_->FetchProjections(&context, request);
  const std::int64_t bytes_per_line = BytesPerLine(lease.scan()),
                     lines = LineCount(lease.scan(), what.kind);
  std::int64_t received = 0;
  TOMOSLAB_RETURN_IF_ERROR(
      Drain<v1::ProjectionChunk>(&context, stream.get(), [&](const v1::ProjectionChunk& chunk) {
        TOMOSLAB_RETURN_IF_ERROR(CheckChunk(chunk, bytes_per_line, lines));
        received += chunk.line_count();
        return take(chunk);
      }));
  if (received == what.frames.size() * what.rows.size()) return absl::OkStatus();
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
  return Deliver<v1::DeliverSlicesRequest, v1::VolumeChunk>(stream.get(), lease, give);
}

absl::Status PoolClient::DeliverPreviews(const std::string& lease,
                                         const std::function<bool(v1::PreviewChunk*)>& give) {
  grpc::ClientContext context;
  v1::DeliverPreviewsResponse response;
  const auto stream = stub_->DeliverPreviews(&context, &response);
  return Deliver<v1::DeliverPreviewsRequest, v1::PreviewChunk>(stream.get(), lease, give);
}

}  // namespace tomoslab
