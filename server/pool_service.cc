#include "server/pool_service.h"

#include <memory>
#include <utility>

#include "proto/grpc_status.h"
#include "server/attach_reactor.h"
#include "server/delivery.h"
#include "server/receive_reactor.h"
#include "server/scan_reader.h"
#include "server/slice_access.h"
#include "server/stream_reactor.h"
#include "server/unary.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// A reader (Next) as the source of a rank's stream, for as long as its lease lives.
template <class Message, class Reader>
typename StreamReactor<Message>::Source LeasedSource(Dispatcher& dispatcher, std::string lease,
                                                     Reader reader) {
  return [&dispatcher, lease = std::move(lease),
          shared = std::make_shared<Reader>(std::move(reader))](Message* message) {
    const absl::Status alive = dispatcher.Touch(lease);
    return alive.ok() ? shared->Next(message) : absl::StatusOr<bool>(alive);
  };
}

}  // namespace

grpc::ServerWriteReactor<v1::PoolCommand>* PoolService::Attach(Context* context,
                                                               const v1::AttachRequest* request) {
  return Admit<grpc::ServerWriteReactor<v1::PoolCommand>, v1::AttachRequest>(
      entrance_.gate, context, [&](std::shared_ptr<Visit> visit) {
        return AttachReactor::Start(entrance_.executor, dispatcher_, *request, std::move(visit));
      });
}

grpc::ServerUnaryReactor* PoolService::Report(Context* context, const v1::ReportRequest* request,
                                              v1::ReportResponse* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) { return dispatcher_.Report(*request); });
}

grpc::ServerWriteReactor<v1::ProjectionChunk>* PoolService::FetchProjections(
    Context* context, const v1::FetchProjectionsRequest* request) {
  return StartStream<v1::ProjectionChunk>(
      entrance_, context, *request,
      [this](const v1::FetchProjectionsRequest& wanted)
          -> absl::StatusOr<StreamReactor<v1::ProjectionChunk>::Source> {
        TOMOSLAB_ASSIGN_OR_RETURN(LeasedJob work, dispatcher_.Find(wanted.lease()));
        TOMOSLAB_ASSIGN_OR_RETURN(ScanReader reader,
                                  ScanReader::Open(std::move(work.scan), wanted));
        return LeasedSource<v1::ProjectionChunk>(dispatcher_, wanted.lease(), std::move(reader));
      });
}

grpc::ServerWriteReactor<v1::VolumeChunk>* PoolService::FetchStartVolume(
    Context* context, const v1::FetchStartVolumeRequest* request) {
  return StartStream<v1::VolumeChunk>(
      entrance_, context, *request,
      [this](const v1::FetchStartVolumeRequest& wanted)
          -> absl::StatusOr<StreamReactor<v1::VolumeChunk>::Source> {
        TOMOSLAB_ASSIGN_OR_RETURN(const LeasedJob work, dispatcher_.Find(wanted.lease()));
        TOMOSLAB_ASSIGN_OR_RETURN(VolumeReader reader, ReadStartVolume(stores_, work.job, wanted));
        return LeasedSource<v1::VolumeChunk>(dispatcher_, wanted.lease(), std::move(reader));
      });
}

grpc::ServerReadReactor<v1::DeliverSlicesRequest>* PoolService::DeliverSlices(
    Context* context, v1::DeliverSlicesResponse*) {
  return StartReceiving<v1::DeliverSlicesRequest>(entrance_, context,
                                                  std::make_unique<SlicesReceiver>(dispatcher_));
}

grpc::ServerReadReactor<v1::DeliverPreviewsRequest>* PoolService::DeliverPreviews(
    Context* context, v1::DeliverPreviewsResponse*) {
  return StartReceiving<v1::DeliverPreviewsRequest>(
      entrance_, context, std::make_unique<PreviewsReceiver>(dispatcher_, stores_.previews));
}

grpc::ServerReadReactor<v1::DeliverCheckpointRequest>* PoolService::DeliverCheckpoint(
    Context* context, v1::DeliverCheckpointResponse*) {
  return StartReceiving<v1::DeliverCheckpointRequest>(
      entrance_, context, std::make_unique<CheckpointReceiver>(dispatcher_));
}

grpc::ServerWriteReactor<v1::StateChunk>* PoolService::FetchCheckpoint(
    Context* context, const v1::FetchCheckpointRequest* request) {
  using Source = StreamReactor<v1::StateChunk>::Source;
  return StartStream<v1::StateChunk>(
      entrance_, context, *request,
      [this](const v1::FetchCheckpointRequest& wanted) -> absl::StatusOr<Source> {
        TOMOSLAB_ASSIGN_OR_RETURN(const LeasedJob work, dispatcher_.Find(wanted.lease()));
        const std::string job = work.job.name();
        // A checkpoint whose file cannot be read is never offered again.
        const auto checked = [this, job, name = wanted.checkpoint()](const absl::Status& status) {
          if (absl::IsDataLoss(status) || absl::IsNotFound(status))
            dispatcher_.NoteDamage(job, name, std::string(status.message()));
          return status;
        };
        absl::StatusOr<CheckpointReader> reader =
            CheckpointReader::Open(stores_.checkpoints, job, wanted);
        if (!reader.ok()) return checked(reader.status());
        const Source source =
            LeasedSource<v1::StateChunk>(dispatcher_, wanted.lease(), *std::move(reader));
        return [source, checked](v1::StateChunk* chunk) -> absl::StatusOr<bool> {
          absl::StatusOr<bool> more = source(chunk);
          if (!more.ok()) return checked(more.status());
          return more;
        };
      });
}

grpc::ServerUnaryReactor* PoolService::ReportLog(Context* context,
                                                 const v1::ReportLogRequest* request,
                                                 v1::ReportLogResponse* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) -> absl::StatusOr<v1::ReportLogResponse> {
                  TOMOSLAB_RETURN_IF_ERROR(dispatcher_.ReportLog(*request));
                  return v1::ReportLogResponse();
                });
}

grpc::ServerUnaryReactor* PoolService::Beat(Context* context, const v1::BeatRequest* request,
                                            v1::BeatResponse*) {
  // Not on the executor, whose threads may all wait for a disk.
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<std::shared_ptr<Visit>> visit =
      entrance_.gate.Enter(*context, *v1::BeatRequest::descriptor());
  absl::Status status = visit.status();
  if (status.ok()) status = (*visit)->Check(*request);
  if (status.ok()) status = dispatcher_.Beat(*request);
  if (visit.ok()) (*visit)->End(status);
  visit = absl::CancelledError();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

}  // namespace tomoslab
