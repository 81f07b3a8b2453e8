// The service for people and instruments: one short method per RPC; decides nothing.
#pragma once

#include <string>

#include "server/dispatcher.h"
#include "server/unary.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"

namespace tomoslab {

class ReconstructionService final : public v1::Reconstruction::CallbackService {
 public:
  ReconstructionService(Entrance entrance, Stores stores, Dispatcher& dispatcher,
                        std::string data_folder)
      : entrance_(entrance),
        stores_(stores),
        dispatcher_(dispatcher),
        data_folder_(std::move(data_folder)) {}

  using Unary = grpc::ServerUnaryReactor;
  using Context = grpc::CallbackServerContext;

  Unary* CreateScan(Context*, const v1::CreateScanRequest*, v1::Scan*) override;
  Unary* GetScan(Context*, const v1::GetScanRequest*, v1::Scan*) override;
  Unary* ListScans(Context*, const v1::ListScansRequest*, v1::ListScansResponse*) override;
  Unary* DeleteScan(Context*, const v1::DeleteScanRequest*, v1::DeleteScanResponse*) override;
  grpc::ServerBidiReactor<v1::UploadProjectionsRequest, v1::UploadProjectionsResponse>*
  UploadProjections(Context*) override;

  Unary* CreateJob(Context*, const v1::CreateJobRequest*, v1::CreateJobResponse*) override;
  Unary* GetJob(Context*, const v1::GetJobRequest*, v1::Job*) override;
  Unary* ListJobs(Context*, const v1::ListJobsRequest*, v1::ListJobsResponse*) override;
  Unary* CancelJob(Context*, const v1::CancelJobRequest*, v1::Job*) override;
  Unary* DeleteJob(Context*, const v1::DeleteJobRequest*, v1::DeleteJobResponse*) override;

  grpc::ServerWriteReactor<v1::JobEvent>* WatchJob(Context*, const v1::WatchJobRequest*) override;
  grpc::ServerWriteReactor<v1::LogLine>* ReadLog(Context*, const v1::ReadLogRequest*) override;
  grpc::ServerWriteReactor<v1::VolumeChunk>* ReadSlices(Context*,
                                                        const v1::ReadSlicesRequest*) override;
  grpc::ServerWriteReactor<v1::PreviewChunk>* ReadPreview(Context*,
                                                          const v1::ReadPreviewRequest*) override;

  Unary* GetServerInfo(Context*, const v1::GetServerInfoRequest*, v1::ServerInfo*) override;

 private:
  absl::StatusOr<v1::ServerInfo> Info(const Caller& caller) const;

  const Entrance entrance_;
  const Stores stores_;
  Dispatcher& dispatcher_;
  const std::string data_folder_;
};

}  // namespace tomoslab
