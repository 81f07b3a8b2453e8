// One lease's checkpoints on their way in, and a reader's on their way out.
#include <utility>

#include "absl/strings/str_format.h"
#include "server/checkpoint_store.h"
#include "worker/core/status.h"

namespace tomoslab {

absl::StatusOr<bool> CheckpointSession::Begin(const v1::Checkpoint& checkpoint) {
  TOMOSLAB_RETURN_IF_ERROR(CheckCheckpoint(checkpoint, shapes_));
  const Lock lock(mutex_);
  if (!open_) return absl::AbortedError("the lease has ended");
  if (checkpoint.iteration() <= committed_iteration_) return false;
  if (under_way_ != nullptr) {
    if (under_way_->file.checkpoint().iteration() == checkpoint.iteration()) return true;
    GiveUp();
  }
  v1::Checkpoint named = checkpoint;
  named.set_name(absl::StrFormat("%s/checkpoints/%d-%d", job_, attempt_, checkpoint.iteration()));
  TOMOSLAB_ASSIGN_OR_RETURN(CheckpointFile file, store_->Create(named));
  under_way_ = std::make_shared<InProgress>(InProgress{std::move(file),
                                                       std::vector<LineRanges>(named.part_size()),
                                                       std::chrono::steady_clock::now()});
  return true;
}

absl::StatusOr<std::shared_ptr<CheckpointSession::InProgress>> CheckpointSession::Find(
    int iteration) {
  const Lock lock(mutex_);
  if (under_way_ != nullptr && under_way_->file.checkpoint().iteration() == iteration)
    return under_way_;
  return absl::AbortedError(
      absl::StrFormat("the checkpoint of iteration %d was given up", iteration));
}

absl::Status CheckpointSession::Write(int iteration, const v1::StateChunk& chunk) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::shared_ptr<InProgress> under_way, Find(iteration));
  const v1::Checkpoint& checkpoint = under_way->file.checkpoint();
  TOMOSLAB_RETURN_IF_ERROR(CheckChunk(chunk, checkpoint));
  TOMOSLAB_RETURN_IF_ERROR(under_way->file.Write(chunk));
  const std::int64_t block =
      chunk.plane() * BlocksPerPlane(checkpoint.part(chunk.part())) + chunk.block();
  const Lock lock(mutex_);
  under_way->written[chunk.part()].Add({block, block + 1});
  return absl::OkStatus();
}

bool CheckpointSession::IsWhole(const InProgress& under_way) {
  const v1::Checkpoint& checkpoint = under_way.file.checkpoint();
  for (int i = 0; i < checkpoint.part_size(); ++i) {
    const v1::StatePart& part = checkpoint.part(i);
    if (under_way.written[i].Count() != part.planes() * BlocksPerPlane(part)) return false;
  }
  return true;
}

absl::StatusOr<std::optional<v1::CheckpointReport>> CheckpointSession::Finish(int iteration) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::shared_ptr<InProgress> under_way, Find(iteration));
  TOMOSLAB_RETURN_IF_ERROR(under_way->file.Sync());
  const Lock lock(mutex_);
  if (!open_ || under_way != under_way_) return absl::AbortedError("the lease has ended");
  if (!IsWhole(*under_way)) return std::nullopt;  // other ranks are still at it
  const v1::Checkpoint& checkpoint = under_way->file.checkpoint();
  // The last blocks of other ranks may have come since; they may not have synced them yet.
  TOMOSLAB_RETURN_IF_ERROR(under_way->file.Sync());
  TOMOSLAB_RETURN_IF_ERROR(store_->Commit(job_, checkpoint));
  committed_iteration_ = iteration;
  v1::CheckpointReport report;
  report.set_kind(v1::CheckpointReport::WRITTEN);
  report.set_iteration(iteration);
  report.set_bytes(StateBytes(checkpoint));
  report.set_seconds(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - under_way->begun).count());
  under_way_.reset();
  return report;
}

void CheckpointSession::GiveUp() {
  if (under_way_ == nullptr) return;
  store_->Discard(under_way_->file.checkpoint());
  under_way_.reset();
}

void CheckpointSession::Close() {
  const Lock lock(mutex_);
  open_ = false;
  GiveUp();
}

absl::StatusOr<CheckpointReader> CheckpointReader::Open(CheckpointStore& store,
                                                        const std::string& job,
                                                        const v1::FetchCheckpointRequest& request) {
  TOMOSLAB_ASSIGN_OR_RETURN(CheckpointFile file, store.Open(job, request.checkpoint()));
  const v1::Checkpoint& checkpoint = file.checkpoint();
  if (request.part() < 0 || request.part() >= checkpoint.part_size() || request.plane_begin() < 0 ||
      request.plane_begin() > request.plane_end() ||
      request.plane_end() > checkpoint.part(request.part()).planes()) {
    return absl::OutOfRangeError(absl::StrFormat("planes %d .. %d of part %d are none of %s",
                                                 request.plane_begin(), request.plane_end() - 1,
                                                 request.part(), checkpoint.name()));
  }
  return CheckpointReader(std::move(file), request);
}

absl::StatusOr<bool> CheckpointReader::Next(v1::StateChunk* chunk) {
  const v1::StatePart& part = file_.checkpoint().part(request_.part());
  if (block_ == BlocksPerPlane(part)) {
    block_ = 0;
    ++plane_;
  }
  if (plane_ >= request_.plane_end()) return false;
  chunk->set_part(request_.part());
  chunk->set_plane(plane_);
  chunk->set_block(block_++);
  TOMOSLAB_RETURN_IF_ERROR(file_.Read(chunk));
  return true;
}

}  // namespace tomoslab
