#include "client/upload.h"

#include <grpcpp/grpcpp.h>

#include <array>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/interrupt.h"
#include "client/server_status.h"
#include "proto/chunking.h"
#include "proto/line_ranges.h"
#include "proto/values.h"
#include "tomoslab/v1/reconstruction.grpc.pb.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

// Small and needed first by whoever looks at the data: darks, flats, then the views.
constexpr std::array<std::pair<v1::FrameKind, FrameKind>, 3> kKinds = {
    {{v1::FRAME_KIND_DARK, FrameKind::kDark},
     {v1::FRAME_KIND_FLAT, FrameKind::kFlat},
     {v1::FRAME_KIND_PROJECTION, FrameKind::kProjection}}};

class Upload {
 public:
  Upload(const std::shared_ptr<grpc::Channel>& channel, const v1::Scan& scan,
         ProjectionReader& reader, const UploadOptions& options)
      : stub_(v1::Reconstruction::NewStub(channel)),
        scan_(scan),
        reader_(reader),
        options_(options),
        bytes_per_line_(BytesPerLine(scan)) {}

  absl::Status Run() {
    Backoff backoff(options_.retry);
    std::int64_t acknowledged_before = -1;
    while (true) {
      absl::Status status = AskWhatIsThere();
      if (status.ok() && Complete()) return absl::OkStatus();
      if (status.ok()) status = SendMissing();
      if (!reading_error_.ok()) return reading_error_;
      if (Interrupted()) return absl::CancelledError("interrupted");
      const std::int64_t acknowledged = AcknowledgedBytes();
      if (acknowledged > acknowledged_before) backoff.Progressed();
      if (status.ok() && acknowledged == acknowledged_before) {
        return absl::InternalError(
            absl::StrFormat("the server took all lines of %s, but acknowledged only %d of %d bytes",
                            scan_.name(), acknowledged, TotalBytes()));
      }
      acknowledged_before = acknowledged;
      if (status.ok()) continue;
      const bool again = IsTransient(status) || status.code() == absl::StatusCode::kDataLoss;
      const bool news = status.message() != last_trouble_;
      last_trouble_ = std::string(status.message());
      if (news) ShowProgress(last_trouble_);
      if (!again || !backoff.WaitAgain(status)) return status;
    }
  }

 private:
  std::int64_t TotalBytes() const {
    std::int64_t lines = 0;
    for (const auto& [kind, ignored] : kKinds) lines += LineCount(scan_, kind);
    return lines * bytes_per_line_;
  }

  std::int64_t AcknowledgedBytes() {
    const std::lock_guard lock(mutex_);
    std::int64_t lines = 0;
    for (const LineRanges& ranges : received_) lines += ranges.Count();
    return lines * bytes_per_line_;
  }

  bool Complete() { return AcknowledgedBytes() == TotalBytes(); }

  void Acknowledge(const google::protobuf::RepeatedPtrField<v1::ReceivedLines>& lines) {
    const std::lock_guard lock(mutex_);
    for (const v1::ReceivedLines& range : lines) {
      if (range.kind() >= v1::FRAME_KIND_PROJECTION && range.kind() <= v1::FRAME_KIND_DARK) {
        received_[range.kind()].Add({range.begin(), range.end()});
      }
    }
  }

  void ShowProgress(const std::string& trouble) {
    if (options_.on_progress) options_.on_progress({AcknowledgedBytes(), TotalBytes(), trouble});
  }

  absl::Status AskWhatIsThere() {
    grpc::ClientContext context;
    const OnInterrupt stop([&] { context.TryCancel(); });
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    v1::GetScanRequest request;
    request.set_name(scan_.name());
    v1::Scan there;
    TOMOSLAB_RETURN_IF_ERROR(FromServer(stub_->GetScan(&context, request, &there)));
    {
      const std::lock_guard lock(mutex_);
      received_ = {};
    }
    Acknowledge(there.received());
    return absl::OkStatus();
  }

  // One stream: everything that is missing now. OK when the server has acknowledged all that it was
  // sent.
  absl::Status SendMissing() {
    grpc::ClientContext context;
    const OnInterrupt stop([&] { context.TryCancel(); });
    const auto stream = stub_->UploadProjections(&context);
    v1::UploadProjectionsRequest first;
    first.set_scan(scan_.name());
    bool open = stream->Write(first);
    std::thread acknowledgements([&] {
      v1::UploadProjectionsResponse response;
      while (stream->Read(&response)) {
        Acknowledge(response.acknowledged());
        ShowProgress("");
      }
    });
    for (const auto& [kind, reader_kind] : kKinds) {
      if (open) open = SendKind(kind, reader_kind, *stream);
    }
    if (reading_error_.ok()) {
      stream->WritesDone();
    } else {
      context.TryCancel();
    }
    acknowledgements.join();
    return FromServer(stream->Finish());
  }

  using Stream =
      grpc::ClientReaderWriter<v1::UploadProjectionsRequest, v1::UploadProjectionsResponse>;

  // False when the stream is broken or reading failed.
  bool SendKind(v1::FrameKind kind, FrameKind reader_kind, Stream& stream) {
    std::vector<IndexRange> missing;
    {
      const std::lock_guard lock(mutex_);
      missing = received_[kind].Missing({0, LineCount(scan_, kind)});
    }
    for (const IndexRange& range : missing) {
      const std::int64_t step = LinesPerChunk(bytes_per_line_);
      for (std::int64_t begin = range.begin; begin < range.end; begin += step) {
        if (!SendChunk(kind, reader_kind, {begin, std::min(begin + step, range.end)}, stream))
          return false;
      }
    }
    return true;
  }

  bool SendChunk(v1::FrameKind kind, FrameKind reader_kind, IndexRange lines, Stream& stream) {
    buffer_.resize(lines.size() * bytes_per_line_);
    reading_error_ = reader_.ReadLines(
        reader_kind, lines.begin, lines.end,
        absl::MakeSpan(reinterpret_cast<std::byte*>(buffer_.data()), buffer_.size()));
    if (!reading_error_.ok()) return false;
    v1::ProjectionChunk* chunk = request_.mutable_chunk();
    chunk->set_kind(kind);
    FillChunk(lines.begin, bytes_per_line_, buffer_, chunk);
    return stream.Write(request_);
  }

  const std::unique_ptr<v1::Reconstruction::Stub> stub_;
  const v1::Scan& scan_;
  ProjectionReader& reader_;
  const UploadOptions& options_;
  const std::int64_t bytes_per_line_;
  absl::Status reading_error_;
  std::string last_trouble_;
  std::string buffer_;                    // one chunk's data
  v1::UploadProjectionsRequest request_;  // one chunk, its memory used again
  std::mutex mutex_;
  std::array<LineRanges, 4> received_;  // by v1::FrameKind; guarded by mutex_
};

}  // namespace

absl::Status UploadScan(const std::shared_ptr<grpc::Channel>& channel, const v1::Scan& scan,
                        ProjectionReader& reader, const UploadOptions& options) {
  return Upload(channel, scan, reader, options).Run();
}

}  // namespace tomoslab
