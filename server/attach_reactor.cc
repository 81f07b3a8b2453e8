#include "server/attach_reactor.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "proto/grpc_status.h"

namespace tomoslab {

grpc::ServerWriteReactor<v1::PoolCommand>* AttachReactor::Start(Executor& executor,
                                                                Dispatcher& dispatcher,
                                                                const v1::AttachRequest& request,
                                                                std::shared_ptr<Visit> visit) {
  std::shared_ptr<AttachReactor> reactor(
      new AttachReactor(executor, dispatcher, request.pool(), std::move(visit)));
  reactor->self_ = reactor;
  const std::weak_ptr<AttachReactor> weak = reactor;
  reactor->visit_->CutBy([weak, &executor](const absl::Status& why) {
    executor.Post([weak, why] {
      if (const auto alive = weak.lock()) alive->Break(why);
    });
  });
  // The metadata tells the pool at once that the server has taken the call.
  reactor->StartSendInitialMetadata();
  executor.Post([reactor, request] { reactor->Attach(request); });
  return reactor.get();
}

absl::Status AttachReactor::CheckRequest(const v1::AttachRequest& request) {
  const std::string& name = visit_->caller().pool;
  if (!name.empty() && name != request.pool()) {
    return absl::PermissionDeniedError(absl::StrFormat(
        "this token is for the pool \"%s\", not for \"%s\"", name, request.pool().substr(0, 100)));
  }
  return visit_->Check(request);
}

void AttachReactor::Attach(const v1::AttachRequest& request) {
  absl::Status attached = CheckRequest(request);
  if (attached.ok()) {
    attached = dispatcher_.Attach(request, shared_from_this(), visit_->caller().token);
  }
  visit_->End(attached);
  if (!attached.ok()) return Break(attached);
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  attached_ = true;
  done_ ? PostDetach() : PostDispatch();
}

void AttachReactor::PostDispatch() {
  executor_.Post([self = shared_from_this()] { self->dispatcher_.Dispatch(); });
}

void AttachReactor::PostDetach() {
  executor_.Post([self = shared_from_this()] {
    self->dispatcher_.Detach(self->pool_, self.get(), "the connection to its rank 0 broke");
  });
}

void AttachReactor::Send(const v1::PoolCommand& command) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  commands_.push_back(command);
  Advance();
}

void AttachReactor::Break(const absl::Status& why) {
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  if (!end_.has_value()) end_ = why;
  Advance();
}

void AttachReactor::Advance() {
  if (writing_ || finished_) return;
  if (end_.has_value()) {
    finished_ = true;
    Finish(ToGrpc(*end_));
  } else if (!commands_.empty()) {
    writing_ = true;
    StartWrite(&commands_.front());
  }
}

void AttachReactor::OnWriteDone(bool ok) {
  const auto alive = shared_from_this();  // OnDone may come within Advance
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  writing_ = false;
  commands_.pop_front();
  if (!ok && !end_.has_value()) end_ = absl::CancelledError("the pool is gone");
  Advance();
}

void AttachReactor::OnCancel() {
  const auto alive = shared_from_this();
  Break(absl::CancelledError("the pool is gone"));
}

void AttachReactor::OnDone() {
  visit_->StopCutting();
  const auto self = std::exchange(self_, nullptr);
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  done_ = true;
  if (attached_) PostDetach();
}

}  // namespace tomoslab
