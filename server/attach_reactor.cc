#include "server/attach_reactor.h"

#include <utility>

#include "proto/grpc_status.h"

namespace tomoslab {

grpc::ServerWriteReactor<v1::PoolCommand>* AttachReactor::Start(Executor& executor,
                                                                Dispatcher& dispatcher,
                                                                const v1::AttachRequest& request) {
  std::shared_ptr<AttachReactor> reactor(new AttachReactor(executor, dispatcher, request.pool()));
  reactor->self_ = reactor;
  // The metadata tells the pool at once that the server has taken the call.
  reactor->StartSendInitialMetadata();
  executor.Post([reactor, request] { reactor->Attach(request); });
  return reactor.get();
}

void AttachReactor::Attach(const v1::AttachRequest& request) {
  const absl::Status attached = dispatcher_.Attach(request, shared_from_this());
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
  const auto self = std::exchange(self_, nullptr);
  const std::lock_guard<std::recursive_mutex> lock(mutex_);
  done_ = true;
  if (attached_) PostDetach();
}

}  // namespace tomoslab
