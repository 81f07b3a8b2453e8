#include "server/scan_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/chunking.h"
#include "server/resource_name.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

absl::Status CheckRange(const char* what, std::int64_t begin, std::int64_t end,
                        std::int64_t count) {
  if (0 <= begin && begin <= end && end <= count) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrFormat("%s %d .. %d lie outside the %d there are", what, begin, end, count));
}

}  // namespace

ScanReader::ScanReader(std::shared_ptr<OpenScan> scan, const v1::FetchProjectionsRequest& request)
    : scan_(std::move(scan)), kind_(request.kind()) {
  const std::int64_t rows = scan_->file().rows();
  const std::int64_t frames = request.frame_end() - request.frame_begin();
  run_stride_ = rows;
  run_lines_ = request.row_end() - request.row_begin();
  runs_left_ = run_lines_ > 0 ? frames : 0;
  const std::int64_t first = request.frame_begin() * rows + request.row_begin();
  if (run_lines_ == rows && frames > 0) {
    run_lines_ = frames * rows;
    runs_left_ = 1;
  }
  run_ = runs_left_ > 0 ? IndexRange{first, first + run_lines_} : IndexRange{};
}

absl::StatusOr<ScanReader> ScanReader::Open(std::shared_ptr<OpenScan> scan,
                                            const v1::FetchProjectionsRequest& request) {
  if (request.kind() < v1::FRAME_KIND_PROJECTION || request.kind() > v1::FRAME_KIND_DARK) {
    return absl::InvalidArgumentError("kind is neither PROJECTION, FLAT nor DARK");
  }
  const std::int64_t rows = scan->file().rows();
  const std::int64_t frames = scan->file().LineCount(request.kind()) / rows;
  TOMOSLAB_RETURN_IF_ERROR(
      CheckRange("frames", request.frame_begin(), request.frame_end(), frames));
  TOMOSLAB_RETURN_IF_ERROR(CheckRange("rows", request.row_begin(), request.row_end(), rows));
  if (!scan->Has(request.kind(), {request.frame_begin() * rows, request.frame_end() * rows})) {
    return absl::FailedPreconditionError(
        absl::StrFormat("not all %s %d .. %d have been received", PluralOf(request.kind()),
                        request.frame_begin(), request.frame_end()));
  }
  return ScanReader(std::move(scan), request);
}

absl::StatusOr<bool> ScanReader::Next(v1::ProjectionChunk* chunk) {
  if (run_.empty()) {
    if (--runs_left_ <= 0) return false;
    const std::int64_t begin = run_.end - run_lines_ + run_stride_;
    run_ = {begin, begin + run_lines_};
  }
  const std::int64_t bytes_per_line = scan_->file().bytes_per_line();
  const IndexRange lines{run_.begin,
                         std::min(run_.end, run_.begin + LinesPerChunk(bytes_per_line))};
  std::string data(static_cast<std::size_t>(lines.size() * bytes_per_line), '\0');
  const absl::Status read = scan_->file().Read(kind_, lines, data.data());
  if (absl::IsDataLoss(read)) {
    return absl::DataLossError(absl::StrFormat("%s of %s cannot be read: %s; upload the scan again",
                                               PluralOf(kind_), ScanName(scan_->id()),
                                               read.message()));
  }
  TOMOSLAB_RETURN_IF_ERROR(read);
  chunk->set_kind(kind_);
  FillChunk(lines.begin, bytes_per_line, data, chunk);
  run_.begin = lines.end;
  return true;
}

}  // namespace tomoslab
