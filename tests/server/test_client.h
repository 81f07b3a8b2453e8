// Short blocking calls to a server in the same process, for people and for a scripted pool.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/grpc_status.h"
#include "tests/server/samples.h"
#include "tomoslab/v1/pool.grpc.pb.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"

namespace tomoslab {

class TestClient {
 public:
  explicit TestClient(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::Reconstruction::NewStub(channel)) {}
  v1::Reconstruction::Stub& stub() { return *stub_; }

  absl::StatusOr<v1::Scan> CreateScan(const v1::Scan& scan, const std::string& request_id = "") {
    v1::CreateScanRequest request;
    *request.mutable_scan() = scan;
    request.set_request_id(request_id);
    return Call<v1::Scan>(&v1::Reconstruction::Stub::CreateScan, request);
  }
  absl::StatusOr<v1::Scan> GetScan(const std::string& name) {
    v1::GetScanRequest request;
    request.set_name(name);
    return Call<v1::Scan>(&v1::Reconstruction::Stub::GetScan, request);
  }
  absl::StatusOr<v1::CreateJobResponse> CreateJob(const v1::JobSpec& spec,
                                                  const std::string& request_id = "") {
    v1::CreateJobRequest request;
    *request.mutable_spec() = spec;
    request.set_request_id(request_id);
    return Call<v1::CreateJobResponse>(&v1::Reconstruction::Stub::CreateJob, request);
  }
  absl::StatusOr<v1::Job> GetJob(const std::string& name) {
    v1::GetJobRequest request;
    request.set_name(name);
    return Call<v1::Job>(&v1::Reconstruction::Stub::GetJob, request);
  }
  absl::StatusOr<v1::Job> CancelJob(const std::string& name) {
    v1::CancelJobRequest request;
    request.set_name(name);
    return Call<v1::Job>(&v1::Reconstruction::Stub::CancelJob, request);
  }

  /// Sends the chunks, half-closes, and returns how the call ended; acknowledged lines go to
  /// `acknowledged`.
  absl::Status Upload(const std::string& scan, const std::vector<v1::ProjectionChunk>& chunks,
                      std::vector<v1::ReceivedLines>* acknowledged = nullptr) {
    grpc::ClientContext context;
    const auto stream = stub_->UploadProjections(&context);
    v1::UploadProjectionsRequest request;
    request.set_scan(scan);
    stream->Write(request);
    for (const v1::ProjectionChunk& chunk : chunks) {
      *request.mutable_chunk() = chunk;
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
    v1::UploadProjectionsResponse response;
    while (stream->Read(&response)) {
      if (acknowledged == nullptr) continue;
      acknowledged->insert(acknowledged->end(), response.acknowledged().begin(),
                           response.acknowledged().end());
    }
    return FromGrpc(stream->Finish());
  }

  /// Events until the job's end.
  absl::StatusOr<std::vector<v1::JobEvent>> WatchToEnd(const std::string& job,
                                                       std::int64_t after = 0) {
    grpc::ClientContext context;
    v1::WatchJobRequest request;
    request.set_name(job);
    request.set_after_event(after);
    const auto stream = stub_->WatchJob(&context, request);
    std::vector<v1::JobEvent> events;
    v1::JobEvent event;
    while (stream->Read(&event)) events.push_back(event);
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return FromGrpc(status);
    return events;
  }

  absl::StatusOr<std::vector<float>> ReadSlices(const std::string& job, int first = 0,
                                                int count = 0) {
    const absl::StatusOr<std::string> bytes = ReadContent(job, {}, first, count);
    if (!bytes.ok()) return bytes.status();
    const auto* voxels = reinterpret_cast<const float*>(bytes->data());
    return std::vector<float>(voxels, voxels + bytes->size() / sizeof(float));
  }
  /// The voxels' bytes: of slices from `first` on, all of them if `count` is 0.
  absl::StatusOr<std::string> ReadContent(const std::string& job, const v1::VolumeContent& content,
                                          int first = 0, int count = 0) {
    grpc::ClientContext context;
    v1::ReadSlicesRequest request;
    request.set_job(job);
    request.set_first_slice(first);
    request.set_slice_count(count);
    *request.mutable_content() = content;
    const auto stream = stub_->ReadSlices(&context, request);
    std::string bytes;
    v1::VolumeChunk chunk;
    while (stream->Read(&chunk)) bytes += chunk.data();
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return FromGrpc(status);
    return bytes;
  }

  template <class Response, class Method, class Request>
  absl::StatusOr<Response> Call(Method method, const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

 private:
  std::unique_ptr<v1::Reconstruction::Stub> stub_;
};

/// A pool of one rank that does what the test tells it.
class ScriptedPool {
 public:
  ScriptedPool(const std::shared_ptr<grpc::Channel>& channel, const std::string& name)
      : stub_(v1::Pool::NewStub(channel)) {
    v1::AttachRequest request;
    request.set_pool(name);
    request.add_rank()->set_host("test");
    stream_ = stub_->Attach(&context_, request);
  }
  ~ScriptedPool() { Leave(); }
  v1::Pool::Stub& stub() { return *stub_; }

  /// Breaks the stream, as a killed pool does.
  void Leave() {
    if (stream_ == nullptr) return;
    context_.TryCancel();
    v1::PoolCommand command;
    while (stream_->Read(&command)) {
    }
    stream_->Finish();
    stream_.reset();
  }
  std::optional<v1::PoolCommand> NextCommand() {
    v1::PoolCommand command;
    if (!stream_->Read(&command)) return std::nullopt;
    return command;
  }
  /// Waits for a lease.
  v1::Lease NextLease() {
    const std::optional<v1::PoolCommand> command = NextCommand();
    return command.has_value() ? command->lease() : v1::Lease();
  }
  absl::Status End() {
    v1::PoolCommand command;
    while (stream_->Read(&command)) {
    }
    const grpc::Status status = stream_->Finish();
    stream_.reset();
    return FromGrpc(status);
  }

  absl::StatusOr<v1::ReportResponse> Report(const std::string& lease, const v1::JobEvent& event,
                                            bool permanent = false) {
    v1::ReportRequest request;
    request.set_lease(lease);
    *request.add_event() = event;
    request.set_permanent(permanent);
    grpc::ClientContext context;
    v1::ReportResponse response;
    const grpc::Status status = stub_->Report(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
  absl::StatusOr<v1::ReportResponse> ReportState(const std::string& lease, v1::JobState state,
                                                 const std::string& reason = "",
                                                 bool permanent = false) {
    v1::JobEvent event;
    event.mutable_state_change()->set_state(state);
    event.mutable_state_change()->set_reason(reason);
    return Report(lease, event, permanent);
  }
  absl::StatusOr<v1::ReportResponse> ReportIteration(const std::string& lease, int iteration) {
    v1::JobEvent event;
    event.mutable_iteration()->set_iteration(iteration);
    event.mutable_iteration()->set_relative_residual(1.0 / (1 + iteration));
    return Report(lease, event);
  }

  absl::StatusOr<std::vector<v1::ProjectionChunk>> Fetch(
      const v1::FetchProjectionsRequest& request) {
    grpc::ClientContext context;
    const auto stream = stub_->FetchProjections(&context, request);
    std::vector<v1::ProjectionChunk> chunks;
    v1::ProjectionChunk chunk;
    while (stream->Read(&chunk)) chunks.push_back(chunk);
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return FromGrpc(status);
    return chunks;
  }
  absl::Status Deliver(const std::string& lease, const std::vector<v1::VolumeChunk>& chunks) {
    grpc::ClientContext context;
    v1::DeliverSlicesResponse response;
    const auto stream = stub_->DeliverSlices(&context, &response);
    v1::DeliverSlicesRequest request;
    request.set_lease(lease);
    stream->Write(request);
    for (const v1::VolumeChunk& chunk : chunks) {
      *request.mutable_chunk() = chunk;
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
    return FromGrpc(stream->Finish());
  }
  /// Delivers every slice and reports success.
  absl::Status Complete(const v1::Lease& lease) {
    const v1::VolumeGeometry& volume = lease.spec().volume();
    const absl::Status delivered = Deliver(lease.id(), {SampleSlices(volume, 0, volume.slices())});
    return delivered.ok() ? ReportState(lease.id(), v1::SUCCEEDED).status() : delivered;
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::Pool::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<v1::PoolCommand>> stream_;
};

}  // namespace tomoslab
