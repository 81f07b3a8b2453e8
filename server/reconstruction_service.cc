#include "server/reconstruction_service.h"

#include <memory>
#include <utility>

#include "server/data_file.h"
#include "server/job_feed.h"
#include "server/log_feed.h"
#include "server/preview_store.h"
#include "server/slice_access.h"
#include "server/stream_reactor.h"
#include "server/unary.h"
#include "server/upload_reactor.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// A reader (Next) as the source of a stream.
template <class Message, class Reader>
typename StreamReactor<Message>::Source SourceOf(Reader reader) {
  return [shared = std::make_shared<Reader>(std::move(reader))](Message* message) {
    return shared->Next(message);
  };
}

}  // namespace

grpc::ServerUnaryReactor* ReconstructionService::CreateScan(Context* context,
                                                            const v1::CreateScanRequest* request,
                                                            v1::Scan* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller& caller) -> absl::StatusOr<v1::Scan> {
                  TOMOSLAB_ASSIGN_OR_RETURN(
                      const NewOwnership ownership,
                      entrance_.gate.OwnershipFor(caller, request->scan().group()));
                  return stores_.scans.Create(*request, ownership);
                });
}

grpc::ServerUnaryReactor* ReconstructionService::GetScan(Context* context,
                                                         const v1::GetScanRequest* request,
                                                         v1::Scan* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) { return stores_.scans.Get(request->name()); });
}

grpc::ServerUnaryReactor* ReconstructionService::ListScans(Context* context,
                                                           const v1::ListScansRequest* request,
                                                           v1::ListScansResponse* response) {
  return Answer(entrance_, context, request, response, [this, request](const Caller& caller) {
    return stores_.scans.List(*request, caller);
  });
}

grpc::ServerUnaryReactor* ReconstructionService::DeleteScan(Context* context,
                                                            const v1::DeleteScanRequest* request,
                                                            v1::DeleteScanResponse* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) -> absl::StatusOr<v1::DeleteScanResponse> {
                  TOMOSLAB_RETURN_IF_ERROR(stores_.scans.Delete(request->name()));
                  return v1::DeleteScanResponse();
                });
}

grpc::ServerBidiReactor<v1::UploadProjectionsRequest, v1::UploadProjectionsResponse>*
ReconstructionService::UploadProjections(Context* context) {
  return Admit<UploadReactor::Stream, v1::UploadProjectionsRequest>(
      entrance_.gate, context, [&](std::shared_ptr<Visit> visit) {
        return UploadReactor::Start(entrance_.executor, stores_.scans, context, std::move(visit),
                                    [this] { dispatcher_.Dispatch(); });
      });
}

grpc::ServerUnaryReactor* ReconstructionService::CreateJob(Context* context,
                                                           const v1::CreateJobRequest* request,
                                                           v1::CreateJobResponse* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller& caller) -> absl::StatusOr<v1::CreateJobResponse> {
                  TOMOSLAB_ASSIGN_OR_RETURN(const NewOwnership ownership,
                                            entrance_.gate.OwnershipFor(caller, request->group()));
                  TOMOSLAB_ASSIGN_OR_RETURN(
                      v1::CreateJobResponse created,
                      stores_.queue.Create(*request, dispatcher_.Offers(), ownership));
                  if (created.has_job()) dispatcher_.DispatchNew(created.job().name());
                  return created;
                });
}

grpc::ServerUnaryReactor* ReconstructionService::GetJob(Context* context,
                                                        const v1::GetJobRequest* request,
                                                        v1::Job* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) { return stores_.queue.Get(request->name()); });
}

grpc::ServerUnaryReactor* ReconstructionService::ListJobs(Context* context,
                                                          const v1::ListJobsRequest* request,
                                                          v1::ListJobsResponse* response) {
  return Answer(entrance_, context, request, response, [this, request](const Caller& caller) {
    return stores_.queue.List(*request, caller);
  });
}

grpc::ServerUnaryReactor* ReconstructionService::CancelJob(Context* context,
                                                           const v1::CancelJobRequest* request,
                                                           v1::Job* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) { return dispatcher_.Cancel(request->name()); });
}

grpc::ServerUnaryReactor* ReconstructionService::DeleteJob(Context* context,
                                                           const v1::DeleteJobRequest* request,
                                                           v1::DeleteJobResponse* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) -> absl::StatusOr<v1::DeleteJobResponse> {
                  TOMOSLAB_RETURN_IF_ERROR(stores_.queue.Delete(request->name()));
                  return v1::DeleteJobResponse();
                });
}

grpc::ServerWriteReactor<v1::JobEvent>* ReconstructionService::WatchJob(
    Context* context, const v1::WatchJobRequest* request) {
  return StartFeed<v1::JobEvent, v1::WatchJobRequest>(
      entrance_, context, [&](const std::shared_ptr<Visit>& visit) {
        return std::make_unique<JobFeed>(stores_.jobs, dispatcher_, *request, visit);
      });
}

grpc::ServerWriteReactor<v1::LogLine>* ReconstructionService::ReadLog(
    Context* context, const v1::ReadLogRequest* request) {
  return StartFeed<v1::LogLine, v1::ReadLogRequest>(
      entrance_, context, [&](const std::shared_ptr<Visit>& visit) {
        return std::make_unique<LogFeed>(stores_, dispatcher_, *request, visit);
      });
}

grpc::ServerWriteReactor<v1::VolumeChunk>* ReconstructionService::ReadSlices(
    Context* context, const v1::ReadSlicesRequest* request) {
  return StartStream<v1::VolumeChunk>(
      entrance_, context, *request,
      [this](const v1::ReadSlicesRequest& wanted)
          -> absl::StatusOr<StreamReactor<v1::VolumeChunk>::Source> {
        TOMOSLAB_ASSIGN_OR_RETURN(VolumeReader reader, tomoslab::ReadSlices(stores_, wanted));
        return SourceOf<v1::VolumeChunk>(std::move(reader));
      });
}

grpc::ServerWriteReactor<v1::PreviewChunk>* ReconstructionService::ReadPreview(
    Context* context, const v1::ReadPreviewRequest* request) {
  return StartStream<v1::PreviewChunk>(
      entrance_, context, *request,
      [this](const v1::ReadPreviewRequest& wanted)
          -> absl::StatusOr<StreamReactor<v1::PreviewChunk>::Source> {
        if (wanted.volume()) {
          TOMOSLAB_ASSIGN_OR_RETURN(PlaneReader plane, ReadPlane(stores_, wanted));
          return SourceOf<v1::PreviewChunk>(std::move(plane));
        }
        TOMOSLAB_RETURN_IF_ERROR(stores_.jobs.Get(wanted.job()).status());
        TOMOSLAB_ASSIGN_OR_RETURN(PreviewReader reader,
                                  PreviewReader::Open(stores_.previews, wanted));
        return SourceOf<v1::PreviewChunk>(std::move(reader));
      });
}

absl::StatusOr<v1::ServerInfo> ReconstructionService::Info(const Caller& caller) const {
  v1::ServerInfo info;
  info.set_version(TOMOSLAB_VERSION);
  for (v1::PoolInfo& pool : dispatcher_.Pools()) {
    if (!entrance_.gate.MaySee(caller, pool.job())) pool.set_job("somebody else's job");
    *info.add_pool() = std::move(pool);
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const int queued, stores_.jobs.CountQueued());
  info.set_queued_jobs(queued);
  TOMOSLAB_ASSIGN_OR_RETURN(const DiskSpace space, SpaceOf(data_folder_));
  info.set_store_free_bytes(space.free_bytes);
  info.set_store_total_bytes(space.total_bytes);
  return info;
}

grpc::ServerUnaryReactor* ReconstructionService::GetServerInfo(
    Context* context, const v1::GetServerInfoRequest* request, v1::ServerInfo* response) {
  return Answer(entrance_, context, request, response,
                [this](const Caller& caller) { return Info(caller); });
}

}  // namespace tomoslab
