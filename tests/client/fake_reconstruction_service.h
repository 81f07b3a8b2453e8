// The Reconstruction service in memory, in this process, with faults on demand.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "proto/line_ranges.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"

namespace tomoslab {

class FakeReconstructionService final : public v1::Reconstruction::Service {
 public:
  // Faults.
  int cut_upload_after_chunks = 0;  // break each stream after so many chunks; 0 = never
  int corrupt_chunks = 0;           // say so often that a chunk was damaged
  int unavailable_calls = 0;        // answer so many unary calls with UNAVAILABLE
  bool refuse_upload = false;       // RESOURCE_EXHAUSTED
  int cut_watch_after_events = 0;   // break each stream after so many events
  int cut_slices_after_chunks = 0;  // break each stream after so many chunks
  int damage_slices = 0;            // send so many chunks with a wrong checksum

  // What happened.
  std::map<int, std::string> data;     // by FrameKind: the bytes as they lie on "disk"
  std::map<int, LineRanges> received;  // by FrameKind
  std::int64_t chunks = 0, bytes = 0;
  std::int64_t largest_chunk = 0;
  int streams = 0, jobs_created = 0, watches = 0, slice_streams = 0;
  std::vector<std::string> request_ids;

  v1::Scan scan;
  v1::Job job;
  std::vector<v1::JobEvent> events;
  std::vector<float> volume;  // [slice][row][column]
  int lines_per_chunk = 3;

  grpc::Status CreateScan(grpc::ServerContext*, const v1::CreateScanRequest* request,
                          v1::Scan* response) override;
  grpc::Status GetScan(grpc::ServerContext*, const v1::GetScanRequest* request,
                       v1::Scan* response) override;
  grpc::Status UploadProjections(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::UploadProjectionsResponse, v1::UploadProjectionsRequest>* stream)
      override;
  grpc::Status CreateJob(grpc::ServerContext*, const v1::CreateJobRequest* request,
                         v1::CreateJobResponse* response) override;
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest* request,
                      v1::Job* response) override;
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override;
  grpc::Status WatchJob(grpc::ServerContext*, const v1::WatchJobRequest* request,
                        grpc::ServerWriter<v1::JobEvent>* stream) override;
  grpc::Status ReadSlices(grpc::ServerContext*, const v1::ReadSlicesRequest* request,
                          grpc::ServerWriter<v1::VolumeChunk>* stream) override;
  grpc::Status ReadPreview(grpc::ServerContext*, const v1::ReadPreviewRequest* request,
                           grpc::ServerWriter<v1::PreviewChunk>* stream) override;

 private:
  bool Unavailable();
  std::mutex mutex_;
};

/// The service behind a channel without a port.
class FakeServer {
 public:
  explicit FakeServer(FakeReconstructionService* service) {
    grpc::ServerBuilder builder;
    builder.RegisterService(service);
    server_ = builder.BuildAndStart();
  }
  ~FakeServer() { server_->Shutdown(); }
  std::shared_ptr<grpc::Channel> channel() { return server_->InProcessChannel({}); }

 private:
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tomoslab
