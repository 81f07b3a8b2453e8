// The ranks' side of the same jobs: one short method per RPC; decides nothing.
#pragma once

#include "server/dispatcher.h"
#include "server/unary.h"
#include "tomoslab/v1/pool.grpc.pb.h"

namespace tomoslab {

class PoolService final : public v1::Pool::CallbackService {
 public:
  PoolService(Entrance entrance, Stores stores, Dispatcher& dispatcher)
      : entrance_(entrance), stores_(stores), dispatcher_(dispatcher) {}

  using Context = grpc::CallbackServerContext;

  grpc::ServerWriteReactor<v1::PoolCommand>* Attach(Context*, const v1::AttachRequest*) override;
  grpc::ServerUnaryReactor* Report(Context*, const v1::ReportRequest*,
                                   v1::ReportResponse*) override;
  grpc::ServerWriteReactor<v1::ProjectionChunk>* FetchProjections(
      Context*, const v1::FetchProjectionsRequest*) override;
  grpc::ServerWriteReactor<v1::VolumeChunk>* FetchStartVolume(
      Context*, const v1::FetchStartVolumeRequest*) override;
  grpc::ServerReadReactor<v1::DeliverSlicesRequest>* DeliverSlices(
      Context*, v1::DeliverSlicesResponse*) override;
  grpc::ServerReadReactor<v1::DeliverPreviewsRequest>* DeliverPreviews(
      Context*, v1::DeliverPreviewsResponse*) override;
  grpc::ServerReadReactor<v1::DeliverCheckpointRequest>* DeliverCheckpoint(
      Context*, v1::DeliverCheckpointResponse*) override;
  grpc::ServerWriteReactor<v1::StateChunk>* FetchCheckpoint(
      Context*, const v1::FetchCheckpointRequest*) override;
  grpc::ServerUnaryReactor* ReportLog(Context*, const v1::ReportLogRequest*,
                                      v1::ReportLogResponse*) override;
  grpc::ServerUnaryReactor* Beat(Context*, const v1::BeatRequest*, v1::BeatResponse*) override;

 private:
  const Entrance entrance_;
  const Stores stores_;
  Dispatcher& dispatcher_;
};

}  // namespace tomoslab
