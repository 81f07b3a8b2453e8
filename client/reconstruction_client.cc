#include "client/reconstruction_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/interrupt.h"
#include "client/server_status.h"
#include "proto/chunking.h"
#include "proto/volume_content.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr int kCallSeconds = 30;
constexpr int kPingSeconds = 10;

std::vector<float> ToFloats(const std::string& bytes,
                            std::size_t bytes_per_number = sizeof(float)) {
  if (bytes_per_number == 1) {
    std::vector<float> labels(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) labels[i] = static_cast<unsigned char>(bytes[i]);
    return labels;
  }
  std::vector<float> numbers(bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(float));
  return numbers;
}

}  // namespace

class ReconstructionClient::Calls {
 public:
  Calls(const std::shared_ptr<grpc::Channel>& channel, const RetryPolicy& retry)
      : stub(v1::Reconstruction::NewStub(channel)), retry_policy(retry) {}

  template <class Request, class Response>
  absl::StatusOr<Response> Once(grpc::Status (v1::Reconstruction::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request, int seconds) {
    grpc::ClientContext context;
    const OnInterrupt stop([&] { context.TryCancel(); });
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
    Response response;
    TOMOSLAB_RETURN_IF_ERROR(FromServer(((*stub).*method)(&context, request, &response)));
    return response;
  }

  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::Reconstruction::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    Backoff backoff(retry_policy);
    while (true) {
      absl::StatusOr<Response> response = Once(method, request, kCallSeconds);
      if (response.ok() || !IsTransient(response.status()) ||
          !backoff.WaitAgain(response.status())) {
        return response;
      }
    }
  }

  template <class Message>
  struct Following {
    const std::function<bool(const Message&)>& take;
    std::function<void(std::int64_t sequence)> go_on_after;  // changes the request
  };
  // Every message of a stream after `last`, each once; asked for again from there when it is cut.
  template <class Message, class Request>
  absl::Status Follow(std::unique_ptr<grpc::ClientReader<Message>> (
                          v1::Reconstruction::Stub::*method)(grpc::ClientContext*, const Request&),
                      const Request& request, std::int64_t last,
                      const Following<Message>& following) {
    Backoff backoff(retry_policy);
    while (true) {
      grpc::ClientContext context;
      const OnInterrupt stop([&] { context.TryCancel(); });
      const auto stream = ((*stub).*method)(&context, request);
      Message message;
      while (stream->Read(&message)) {
        backoff.Progressed();
        if (message.sequence() <= last) continue;
        last = message.sequence();
        following.go_on_after(last);
        if (following.take(message)) continue;
        context.TryCancel();
        stream->Finish();
        return absl::OkStatus();
      }
      const absl::Status status = FromServer(stream->Finish());
      if (status.ok()) return status;
      if (Interrupted()) return absl::CancelledError("interrupted");
      if (!IsTransient(status) || !backoff.WaitAgain(status)) return status;
    }
  }

  // One stream from the slice of `next_line` on, which it advances. Unavailable: cut or damaged on
  // the way, ask again.
  absl::Status ReadSlicesOnce(const VolumeRequest& wanted, std::int64_t& next_line,
                              const LineSink& sink) {
    grpc::ClientContext context;
    const OnInterrupt stop([&] { context.TryCancel(); });
    v1::ReadSlicesRequest request;
    const std::int64_t first_slice = next_line / wanted.volume.rows;
    request.set_job(wanted.job);
    request.set_first_slice(static_cast<std::int32_t>(first_slice));
    request.set_slice_count(static_cast<std::int32_t>(wanted.slices.end - first_slice));
    *request.mutable_content() = wanted.content;
    const auto stream = stub->ReadSlices(&context, request);
    v1::VolumeChunk chunk;
    absl::Status taken;
    while (taken.ok() && stream->Read(&chunk)) taken = Take(chunk, wanted, next_line, sink);
    if (!taken.ok()) context.TryCancel();
    const absl::Status status = FromServer(stream->Finish());
    return taken.ok() ? status : taken;
  }

  static absl::Status Take(const v1::VolumeChunk& chunk, const VolumeRequest& wanted,
                           std::int64_t& next_line, const LineSink& sink) {
    const Volume& volume = wanted.volume;
    const std::size_t bytes = BytesPerVoxel(wanted.content);
    const absl::Status status = CheckChunk(chunk, static_cast<std::int64_t>(bytes) * volume.columns,
                                           std::int64_t{volume.slices} * volume.rows);
    if (status.code() == absl::StatusCode::kDataLoss)
      return absl::UnavailableError(status.message());
    TOMOSLAB_RETURN_IF_ERROR(status);
    const std::int64_t end = chunk.first_line() + chunk.line_count();
    if (end <= next_line) return absl::OkStatus();  // the part of a slice that came before the cut
    if (chunk.first_line() > next_line) {
      return absl::InternalError(absl::StrFormat("lines %d to %d of the volume did not come",
                                                 next_line, chunk.first_line()));
    }
    const std::vector<float> lines = ToFloats(chunk.data(), bytes);
    TOMOSLAB_RETURN_IF_ERROR(sink(
        next_line,
        absl::MakeConstSpan(lines).subspan((next_line - chunk.first_line()) * volume.columns)));
    next_line = end;
    return absl::OkStatus();
  }

  std::unique_ptr<v1::Reconstruction::Stub> stub;
  RetryPolicy retry_policy;
};

ReconstructionClient::ReconstructionClient(std::shared_ptr<grpc::Channel> channel,
                                           RetryPolicy retry)
    : channel_(std::move(channel)), calls_(std::make_unique<Calls>(channel_, retry)) {}

ReconstructionClient::~ReconstructionClient() = default;

absl::StatusOr<std::shared_ptr<grpc::Channel>> ReconstructionClient::Connect(
    const ServerChoice& server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(16 << 20);
  // A cut link is noticed in seconds, not in the minutes that TCP takes.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  // How long an attempt to connect may take: three round trips with TLS, or a lost packet sent
  // again.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return Dial(server, std::move(arguments));
}

absl::StatusOr<v1::ServerInfo> ReconstructionClient::Ping() {
  return calls_->Once(&v1::Reconstruction::Stub::GetServerInfo, v1::GetServerInfoRequest(),
                      kPingSeconds);
}

absl::StatusOr<v1::Scan> ReconstructionClient::CreateScan(const v1::Scan& scan) {
  v1::CreateScanRequest request;
  *request.mutable_scan() = scan;
  request.set_request_id(NewRequestId());
  return calls_->Call(&v1::Reconstruction::Stub::CreateScan, request);
}

absl::StatusOr<v1::Scan> ReconstructionClient::GetScan(const std::string& name) {
  v1::GetScanRequest request;
  request.set_name(name);
  return calls_->Call(&v1::Reconstruction::Stub::GetScan, request);
}

absl::StatusOr<v1::Job> ReconstructionClient::CreateJob(const v1::JobSpec& spec) {
  v1::CreateJobRequest request;
  *request.mutable_spec() = spec;
  request.set_request_id(NewRequestId());
  TOMOSLAB_ASSIGN_OR_RETURN(v1::CreateJobResponse response,
                            calls_->Call(&v1::Reconstruction::Stub::CreateJob, request));
  return response.job();
}

absl::Status ReconstructionClient::DeleteScan(const std::string& name) {
  v1::DeleteScanRequest request;
  request.set_name(name);
  return calls_->Call(&v1::Reconstruction::Stub::DeleteScan, request).status();
}

absl::Status ReconstructionClient::DeleteJob(const std::string& name) {
  v1::DeleteJobRequest request;
  request.set_name(name);
  return calls_->Call(&v1::Reconstruction::Stub::DeleteJob, request).status();
}

absl::StatusOr<v1::JobPlan> ReconstructionClient::PlanJob(const v1::JobSpec& spec) {
  v1::CreateJobRequest request;
  *request.mutable_spec() = spec;
  request.set_validate_only(true);
  TOMOSLAB_ASSIGN_OR_RETURN(v1::CreateJobResponse response,
                            calls_->Call(&v1::Reconstruction::Stub::CreateJob, request));
  return response.plan();
}

absl::StatusOr<v1::Job> ReconstructionClient::GetJob(const std::string& name) {
  v1::GetJobRequest request;
  request.set_name(name);
  return calls_->Call(&v1::Reconstruction::Stub::GetJob, request);
}

absl::StatusOr<v1::Job> ReconstructionClient::CancelJob(const std::string& name) {
  v1::CancelJobRequest request;
  request.set_name(name);
  return calls_->Call(&v1::Reconstruction::Stub::CancelJob, request);
}

absl::StatusOr<std::vector<v1::Job>> ReconstructionClient::ListJobs(int limit) {
  std::vector<v1::Job> jobs;
  v1::ListJobsRequest request;
  do {
    request.set_page_size(std::min(limit - static_cast<int>(jobs.size()), 1000));
    TOMOSLAB_ASSIGN_OR_RETURN(const v1::ListJobsResponse page,
                              calls_->Call(&v1::Reconstruction::Stub::ListJobs, request));
    jobs.insert(jobs.end(), page.job().begin(), page.job().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && static_cast<int>(jobs.size()) < limit);
  return jobs;
}

absl::StatusOr<std::vector<v1::Scan>> ReconstructionClient::ListScans(int limit) {
  std::vector<v1::Scan> scans;
  v1::ListScansRequest request;
  do {
    request.set_page_size(std::min(limit - static_cast<int>(scans.size()), 1000));
    TOMOSLAB_ASSIGN_OR_RETURN(const v1::ListScansResponse page,
                              calls_->Call(&v1::Reconstruction::Stub::ListScans, request));
    scans.insert(scans.end(), page.scan().begin(), page.scan().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && static_cast<int>(scans.size()) < limit);
  return scans;
}

absl::Status ReconstructionClient::Watch(const std::string& job, std::int64_t after_event,
                                         const std::function<bool(const v1::JobEvent&)>& on_event) {
  v1::WatchJobRequest request;
  request.set_name(job);
  request.set_after_event(after_event);
  const auto go_on_after = [&request](std::int64_t event) { request.set_after_event(event); };
  return calls_->Follow<v1::JobEvent>(&v1::Reconstruction::Stub::WatchJob, request, after_event,
                                      {on_event, go_on_after});
}

absl::Status ReconstructionClient::ReadLog(v1::ReadLogRequest request,
                                           const std::function<bool(const v1::LogLine&)>& on_line) {
  const auto go_on_after = [&request](std::int64_t line) {
    request.set_after_line(line);
    request.clear_last_lines();
  };
  return calls_->Follow<v1::LogLine>(&v1::Reconstruction::Stub::ReadLog, request,
                                     request.after_line(), {on_line, go_on_after});
}

absl::Status ReconstructionClient::ReadSlices(const VolumeRequest& wanted, const LineSink& sink) {
  std::int64_t next_line = wanted.slices.begin * wanted.volume.rows;
  const std::int64_t end = wanted.slices.end * wanted.volume.rows;
  Backoff backoff(calls_->retry_policy);
  while (next_line < end) {
    const std::int64_t before = next_line;
    const absl::Status status = calls_->ReadSlicesOnce(wanted, next_line, sink);
    if (Interrupted()) return absl::CancelledError("interrupted");
    if (next_line > before) backoff.Progressed();
    if (status.ok() && next_line < end) {
      return absl::InternalError(absl::StrFormat("%s: the server sent lines up to %d, not %d",
                                                 wanted.job, next_line, end));
    }
    if (!status.ok() && (!IsTransient(status) || !backoff.WaitAgain(status))) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::pair<v1::PreviewReady, std::vector<float>>> ReconstructionClient::ReadPreview(
    const v1::ReadPreviewRequest& request) {
  grpc::ClientContext context;
  const OnInterrupt stop([&] { context.TryCancel(); });
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2 * kCallSeconds));
  const auto stream = calls_->stub->ReadPreview(&context, request);
  std::pair<v1::PreviewReady, std::vector<float>> preview;
  v1::PreviewChunk chunk;
  while (stream->Read(&chunk)) {
    if (!CheckChunk(chunk, std::int64_t{4} * chunk.preview().columns(), chunk.preview().rows())
             .ok()) {
      preview.second.clear();
      context.TryCancel();
      continue;
    }
    preview.first = chunk.preview();
    const std::vector<float> lines = ToFloats(chunk.data());
    preview.second.insert(preview.second.end(), lines.begin(), lines.end());
  }
  TOMOSLAB_RETURN_IF_ERROR(FromServer(stream->Finish()));
  if (preview.second.size() !=
          std::size_t(preview.first.rows()) * std::size_t(preview.first.columns()) ||
      preview.second.empty()) {
    return absl::InternalError("the server sent an incomplete preview");
  }
  return preview;
}

bool IsOver(v1::JobState state) {
  return state == v1::SUCCEEDED || state == v1::FAILED || state == v1::CANCELLED;
}

std::string NewRequestId() {
  std::random_device random;
  return absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(), random());
}

}  // namespace tomoslab
