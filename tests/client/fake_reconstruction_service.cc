#include "tests/client/fake_reconstruction_service.h"

#include <algorithm>

#include "proto/chunking.h"
#include "proto/grpc_status.h"
#include "proto/values.h"

namespace tomoslab {
namespace {

const grpc::Status kCut(grpc::StatusCode::UNAVAILABLE, "the connection was cut");

}  // namespace

bool FakeReconstructionService::Unavailable() {
  const std::lock_guard lock(mutex_);
  return unavailable_calls-- > 0;
}

grpc::Status FakeReconstructionService::CreateScan(grpc::ServerContext*,
                                                   const v1::CreateScanRequest* request,
                                                   v1::Scan* response) {
  request_ids.push_back(request->request_id());
  if (Unavailable()) return kCut;
  scan = request->scan();
  scan.set_name("scans/1");
  *response = scan;
  return grpc::Status::OK;
}

grpc::Status FakeReconstructionService::GetScan(grpc::ServerContext*,
                                                const v1::GetScanRequest* request,
                                                v1::Scan* response) {
  if (Unavailable()) return kCut;
  if (request->name() != "scans/1") return {grpc::StatusCode::NOT_FOUND, "no such scan"};
  const std::lock_guard lock(mutex_);
  *response = scan;
  for (const v1::FrameKind kind :
       {v1::FRAME_KIND_PROJECTION, v1::FRAME_KIND_FLAT, v1::FRAME_KIND_DARK}) {
    std::int64_t next = 0;  // what is between the missing ranges
    const std::int64_t total = LineCount(scan, kind);
    std::vector<IndexRange> missing = received[kind].Missing({0, total});
    missing.push_back({total, total});
    for (const IndexRange& gap : missing) {
      if (gap.begin > next) {
        v1::ReceivedLines* lines = response->add_received();
        lines->set_kind(kind);
        lines->set_begin(next);
        lines->set_end(gap.begin);
      }
      next = gap.end;
    }
  }
  return grpc::Status::OK;
}

grpc::Status FakeReconstructionService::UploadProjections(
    grpc::ServerContext*,
    grpc::ServerReaderWriter<v1::UploadProjectionsResponse, v1::UploadProjectionsRequest>* stream) {
  if (refuse_upload) return {grpc::StatusCode::RESOURCE_EXHAUSTED, "the disk is full"};
  ++streams;
  v1::UploadProjectionsRequest request;
  if (!stream->Read(&request) || request.scan() != "scans/1")
    return {grpc::StatusCode::INVALID_ARGUMENT, "no scan"};
  for (int taken = 0; stream->Read(&request); ++taken) {
    if (cut_upload_after_chunks > 0 && taken == cut_upload_after_chunks) return kCut;
    const v1::ProjectionChunk& chunk = request.chunk();
    if (const absl::Status status =
            CheckChunk(chunk, BytesPerLine(scan), LineCount(scan, chunk.kind()));
        !status.ok())
      return ToGrpc(status);
    if (corrupt_chunks-- > 0) return {grpc::StatusCode::DATA_LOSS, "crc32c is wrong"};
    v1::UploadProjectionsResponse response;
    {
      const std::lock_guard lock(mutex_);
      std::string& kept = data[chunk.kind()];
      kept.resize(LineCount(scan, chunk.kind()) * BytesPerLine(scan));
      kept.replace(chunk.first_line() * BytesPerLine(scan), chunk.data().size(), chunk.data());
      received[chunk.kind()].Add({chunk.first_line(), chunk.first_line() + chunk.line_count()});
      ++chunks;
      bytes += static_cast<std::int64_t>(chunk.data().size());
      largest_chunk =
          std::max<std::int64_t>(largest_chunk, static_cast<std::int64_t>(chunk.data().size()));
    }
    v1::ReceivedLines* lines = response.add_acknowledged();
    lines->set_kind(chunk.kind());
    lines->set_begin(chunk.first_line());
    lines->set_end(chunk.first_line() + chunk.line_count());
    stream->Write(response);
  }
  return grpc::Status::OK;
}

grpc::Status FakeReconstructionService::CreateJob(grpc::ServerContext*,
                                                  const v1::CreateJobRequest* request,
                                                  v1::CreateJobResponse* response) {
  request_ids.push_back(request->request_id());
  if (Unavailable()) return kCut;
  if (request->validate_only()) {
    response->mutable_plan()->set_fits(true);
    return grpc::Status::OK;
  }
  ++jobs_created;
  job.set_name("jobs/1");
  *job.mutable_spec() = request->spec();
  *response->mutable_job() = job;
  return grpc::Status::OK;
}

grpc::Status FakeReconstructionService::GetJob(grpc::ServerContext*,
                                               const v1::GetJobRequest* request,
                                               v1::Job* response) {
  if (request->name() != "jobs/1")
    return {grpc::StatusCode::NOT_FOUND, "no job " + request->name()};
  if (Unavailable()) return kCut;
  *response = job;
  return grpc::Status::OK;
}

// 25 jobs, in pages of at most 10.
grpc::Status FakeReconstructionService::ListJobs(grpc::ServerContext*,
                                                 const v1::ListJobsRequest* request,
                                                 v1::ListJobsResponse* response) {
  int next = request->page_token().empty() ? 0 : std::stoi(request->page_token());
  for (int i = 0; i < std::min(10, request->page_size()) && next < 25; ++i, ++next)
    response->add_job()->set_name("jobs/" + std::to_string(next));
  if (next < 25) response->set_next_page_token(std::to_string(next));
  return grpc::Status::OK;
}

grpc::Status FakeReconstructionService::WatchJob(grpc::ServerContext*,
                                                 const v1::WatchJobRequest* request,
                                                 grpc::ServerWriter<v1::JobEvent>* stream) {
  ++watches;
  if (request->name() != "jobs/1")
    return {grpc::StatusCode::NOT_FOUND, "no job " + request->name()};
  int sent = 0;
  for (const v1::JobEvent& event : events) {
    if (event.sequence() <= request->after_event()) continue;
    if (cut_watch_after_events > 0 && sent == cut_watch_after_events) return kCut;
    stream->Write(event);
    ++sent;
  }
  return grpc::Status::OK;
}

grpc::Status FakeReconstructionService::ReadSlices(grpc::ServerContext*,
                                                   const v1::ReadSlicesRequest* request,
                                                   grpc::ServerWriter<v1::VolumeChunk>* stream) {
  ++slice_streams;
  const std::int64_t rows = job.spec().volume().rows(), columns = job.spec().volume().columns();
  const std::int64_t end = (request->first_slice() + request->slice_count()) * rows;
  int sent = 0;
  for (std::int64_t line = request->first_slice() * rows; line < end;
       line += lines_per_chunk, ++sent) {
    if (cut_slices_after_chunks > 0 && sent == cut_slices_after_chunks) return kCut;
    const std::int64_t count = std::min<std::int64_t>(lines_per_chunk, end - line);
    v1::VolumeChunk chunk;
    FillChunk(line, 4 * columns,
              {reinterpret_cast<const char*>(volume.data() + line * columns),
               std::size_t(4 * columns * count)},
              &chunk);
    if (damage_slices-- > 0) chunk.set_crc32c(chunk.crc32c() + 1);
    stream->Write(chunk);
  }
  return grpc::Status::OK;
}

grpc::Status FakeReconstructionService::ReadPreview(grpc::ServerContext*,
                                                    const v1::ReadPreviewRequest* request,
                                                    grpc::ServerWriter<v1::PreviewChunk>* stream) {
  if (request->iteration() > 10)
    return {grpc::StatusCode::NOT_FOUND, "no preview of that iteration"};
  for (int row = 0; row < 2; ++row) {
    v1::PreviewChunk chunk;
    chunk.mutable_preview()->set_iteration(10);
    chunk.mutable_preview()->set_plane(request->plane());
    chunk.mutable_preview()->set_rows(2);
    chunk.mutable_preview()->set_columns(3);
    const float line[] = {row + 0.0f, row + 0.1f, row + 0.2f};
    FillChunk(row, 12, {reinterpret_cast<const char*>(line), 12}, &chunk);
    stream->Write(chunk);
  }
  return grpc::Status::OK;
}

}  // namespace tomoslab
