#include "server/delivery.h"

#include <utility>

#include "proto/chunking.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// So many bytes are synced, and their slices announced, together.
constexpr std::int64_t kCommitBytes = std::int64_t{64} << 20;

absl::Status MissingLease() {
  return absl::InvalidArgumentError("the first message, and no other, holds the lease");
}

}  // namespace

absl::Status SlicesReceiver::Begin(const std::string& lease) {
  TOMOSLAB_ASSIGN_OR_RETURN(LeasedJob work, dispatcher_.Find(lease));
  lease_ = lease;
  volume_ = std::move(work.volume);
  return absl::OkStatus();
}

absl::Status SlicesReceiver::Take(const v1::DeliverSlicesRequest& request) {
  if (request.has_lease() != (volume_ == nullptr)) return MissingLease();
  return request.has_lease() ? Begin(request.lease()) : Write(request.chunk());
}

absl::Status SlicesReceiver::Write(const v1::VolumeChunk& chunk) {
  const VolumeFile& file = volume_->file();
  TOMOSLAB_RETURN_IF_ERROR(CheckChunk(chunk, file.bytes_per_line(), file.line_count()));
  TOMOSLAB_RETURN_IF_ERROR(dispatcher_.Touch(lease_));
  const IndexRange lines{chunk.first_line(), chunk.first_line() + chunk.line_count()};
  TOMOSLAB_RETURN_IF_ERROR(volume_->Write(lines, chunk.data().data()));
  written_.Add(lines);
  return written_.Count() * file.bytes_per_line() < kCommitBytes ? absl::OkStatus() : Commit();
}

absl::Status SlicesReceiver::Commit() {
  TOMOSLAB_RETURN_IF_ERROR(volume_->file().Sync());
  const LineRanges synced = std::exchange(written_, {});
  return dispatcher_.AddSlices(lease_, volume_->Finish(synced));
}

absl::Status SlicesReceiver::Finish() { return volume_ == nullptr ? MissingLease() : Commit(); }

absl::Status PreviewsReceiver::Take(const v1::DeliverPreviewsRequest& request) {
  if (request.has_lease() == session_.has_value()) return MissingLease();
  if (request.has_lease()) {
    TOMOSLAB_ASSIGN_OR_RETURN(const LeasedJob work, dispatcher_.Find(request.lease()));
    lease_ = request.lease();
    session_.emplace(previews_, work.job);
    return absl::OkStatus();
  }
  TOMOSLAB_RETURN_IF_ERROR(dispatcher_.Touch(lease_));
  return session_->Write(request.chunk());
}

absl::Status PreviewsReceiver::Finish() {
  return session_.has_value() ? session_->Finish() : MissingLease();
}

absl::Status CheckpointReceiver::Begin(const v1::DeliverCheckpointRequest::Begin& begin) {
  TOMOSLAB_ASSIGN_OR_RETURN(const LeasedJob work, dispatcher_.Find(begin.lease()));
  TOMOSLAB_ASSIGN_OR_RETURN(wanted_, work.checkpoints->Begin(begin.checkpoint()));
  lease_ = begin.lease();
  iteration_ = begin.checkpoint().iteration();
  session_ = work.checkpoints;
  return absl::OkStatus();
}

absl::Status CheckpointReceiver::Take(const v1::DeliverCheckpointRequest& request) {
  if (request.has_begin() != (session_ == nullptr)) return MissingLease();
  if (request.has_begin()) return Begin(request.begin());
  TOMOSLAB_RETURN_IF_ERROR(dispatcher_.Touch(lease_));
  return wanted_ ? session_->Write(iteration_, request.chunk()) : absl::OkStatus();
}

absl::Status CheckpointReceiver::Finish() {
  if (session_ == nullptr) return MissingLease();
  if (!wanted_) return absl::OkStatus();
  TOMOSLAB_ASSIGN_OR_RETURN(const std::optional<v1::CheckpointReport> report,
                            session_->Finish(iteration_));
  return report.has_value() ? dispatcher_.AddCheckpoint(lease_, *report) : absl::OkStatus();
}

}  // namespace tomoslab
