#include "server/upload_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/chunking.h"
#include "worker/core/status.h"

namespace tomoslab {

absl::StatusOr<std::unique_ptr<UploadSession>> UploadSession::Open(ScanStore& store,
                                                                   const std::string& scan) {
  TOMOSLAB_ASSIGN_OR_RETURN(std::shared_ptr<OpenScan> open, store.Use(scan));
  return std::unique_ptr<UploadSession>(new UploadSession(store, std::move(open)));
}

absl::StatusOr<IngestReport::Result> UploadSession::Take(const v1::ProjectionChunk& chunk) {
  if (std::find(std::begin(kFrameKinds), std::end(kFrameKinds), chunk.kind()) ==
      std::end(kFrameKinds)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "chunk.kind = %d is neither PROJECTION, FLAT nor DARK", static_cast<int>(chunk.kind())));
  }
  const ScanFile& file = scan_->file();
  TOMOSLAB_RETURN_IF_ERROR(CheckChunk(chunk, file.bytes_per_line(), file.LineCount(chunk.kind())));
  const IndexRange lines{chunk.first_line(), chunk.first_line() + chunk.line_count()};
  const bool known = scan_->Has(chunk.kind(), lines);
  if (!known) {
    TOMOSLAB_RETURN_IF_ERROR(file.Write(chunk.kind(), lines, chunk.data().data()));
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  uncommitted_[chunk.kind()].Add(lines);
  return known ? IngestReport::kDuplicate : IngestReport::kAccepted;
}

absl::Status UploadSession::Write(const v1::ProjectionChunk& chunk) {
  const absl::StatusOr<IngestReport::Result> taken = Take(chunk);
  const auto bytes = static_cast<std::int64_t>(chunk.data().size());
  const double lines = static_cast<double>(bytes / scan_->file().bytes_per_line());
  store_.Note({taken.value_or(IngestReport::kRefused), bytes, lines / scan_->file().rows()});
  return taken.status();
}

std::map<v1::FrameKind, LineRanges> UploadSession::TakeUncommitted() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(uncommitted_, {});
}

absl::StatusOr<UploadSession::Committed> UploadSession::Commit() {
  Committed committed;
  for (const auto& [kind, ranges] : TakeUncommitted()) {
    for (const IndexRange range : ranges.Ranges()) committed.lines.push_back({kind, range});
  }
  TOMOSLAB_ASSIGN_OR_RETURN(committed.scan_completed, store_.Commit(*scan_, committed.lines));
  return committed;
}

bool UploadSession::HasUncommitted() const { return UncommittedBytes() > 0; }

std::int64_t UploadSession::UncommittedBytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::int64_t lines = 0;
  for (const auto& [kind, ranges] : uncommitted_) lines += ranges.Count();
  return lines * scan_->file().bytes_per_line();
}

}  // namespace tomoslab
