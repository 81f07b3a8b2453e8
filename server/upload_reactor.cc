#include "server/upload_reactor.h"

#include <utility>

#include "proto/grpc_status.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// More uncommitted bytes than this make the client wait: they are all in the page cache.
constexpr std::int64_t kMostUncommitted = std::int64_t{64} << 20;

}  // namespace

UploadReactor::Stream* UploadReactor::Start(Executor& executor, ScanStore& scans,
                                            grpc::CallbackServerContext* context,
                                            std::shared_ptr<Visit> visit,
                                            std::function<void()> scan_completed) {
  std::shared_ptr<UploadReactor> reactor(
      new UploadReactor(executor, scans, context, std::move(visit), std::move(scan_completed)));
  reactor->self_ = reactor;
  const std::weak_ptr<UploadReactor> weak = reactor;
  reactor->visit_->CutBy([weak, &executor](const absl::Status& why) {
    executor.Post([weak, why] {
      if (const auto alive = weak.lock()) alive->Cut(why);
    });
  });
  const std::lock_guard<std::recursive_mutex> lock(reactor->mutex_);
  reactor->Advance();
  return reactor.get();
}

void UploadReactor::Advance() {
  if (finished_) return;
  const bool uncommitted = session_ != nullptr && session_->HasUncommitted();
  if (uncommitted && !committing_) StartCommit();
  if (!to_acknowledge_.empty() && !writing_ && !cancelled_) StartAnswer();
  const bool ended = input_ended_ || cancelled_ || !status_.ok();
  if (!ended && !reading_ && (!uncommitted || session_->UncommittedBytes() < kMostUncommitted)) {
    reading_ = true;
    visit_->Waits(Visit::kReading);
    StartRead(&request_);
  }
  // After an error the client's next message is not waited for.
  const bool idle = !committing_ && !writing_ && (input_ended_ || !reading_ || !status_.ok());
  if (!ended || !idle) return;
  finished_ = true;
  const absl::Status end = cancelled_ ? absl::CancelledError("the call was cancelled") : status_;
  visit_->End(end);
  Finish(ToGrpc(end));
}

void UploadReactor::Cut(const absl::Status& why) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  Note(why);
  if (writing_) context_->TryCancel();  // an answer that the client does not read
  Advance();
}

void UploadReactor::Note(const absl::Status& status) {
  if (status_.ok()) status_ = status;
}

void UploadReactor::StartCommit() {
  committing_ = true;
  executor_.Post([self = shared_from_this()] { self->Commit(); });
}

void UploadReactor::Commit() {
  absl::StatusOr<UploadSession::Committed> committed = session_->Commit();
  const bool completed = committed.ok() && committed->scan_completed;
  {
    const std::lock_guard<std::recursive_mutex> lock(mutex_);
    committing_ = false;
    Note(committed.status());
    if (committed.ok()) {
      to_acknowledge_.insert(to_acknowledge_.end(), committed->lines.begin(),
                             committed->lines.end());
    }
    Advance();
  }
  if (completed) scan_completed_();
}

void UploadReactor::StartAnswer() {
  writing_ = true;
  response_.Clear();
  for (const WrittenLines& written : std::exchange(to_acknowledge_, {})) {
    v1::ReceivedLines* lines = response_.add_acknowledged();
    lines->set_kind(written.kind);
    lines->set_begin(written.lines.begin);
    lines->set_end(written.lines.end);
  }
  visit_->Waits(Visit::kWriting);
  StartWrite(&response_);
}

absl::Status UploadReactor::Take(const v1::UploadProjectionsRequest& request) {
  if (request.has_scan() != (session_ == nullptr)) {
    return absl::InvalidArgumentError("the first message, and no other, names the scan");
  }
  if (request.has_chunk()) return session_->Write(request.chunk());
  TOMOSLAB_RETURN_IF_ERROR(visit_->Check(request));
  TOMOSLAB_ASSIGN_OR_RETURN(auto session, UploadSession::Open(scans_, request.scan()));
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  session_ = std::move(session);
  return absl::OkStatus();
}

void UploadReactor::TakeRequest() {
  const absl::Status taken = Take(request_);
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  reading_ = false;
  Note(taken);
  Advance();
}

void UploadReactor::OnReadDone(bool ok) {
  visit_->Moves(Visit::kReading);
  if (ok) {
    executor_.Post([self = shared_from_this()] { self->TakeRequest(); });
    return;
  }
  const auto alive = shared_from_this();  // OnDone may come within Advance
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  reading_ = false;
  input_ended_ = true;
  Advance();
}

void UploadReactor::OnWriteDone(bool ok) {
  visit_->Moves(Visit::kWriting);
  const auto alive = shared_from_this();
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  writing_ = false;
  if (!ok) cancelled_ = true;
  Advance();
}

void UploadReactor::OnCancel() {
  const auto alive = shared_from_this();
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  cancelled_ = true;
  Advance();
}

void UploadReactor::OnDone() {
  visit_->StopCutting();
  self_.reset();
}

}  // namespace tomoslab
