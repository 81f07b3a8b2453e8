// A server stream that reads from a source, one message at a time: the next is read when the last
// has been taken, so a slow reader costs one message of memory.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/grpc_status.h"
#include "server/executor.h"
#include "server/gate.h"
#include "server/unary.h"

namespace tomoslab {

/// Exactly one thing is under way at any time: a task on the executor, or a write. So the members
/// need no lock.
template <class Message>
class StreamReactor final : public grpc::ServerWriteReactor<Message> {
 public:
  /// false = the end.
  using Source = std::function<absl::StatusOr<bool>(Message*)>;
  using OpenSource = std::function<absl::StatusOr<Source>()>;

  /// Deletes itself when the call is done. `open` and the source run on the executor.
  static grpc::ServerWriteReactor<Message>* Start(Executor& executor,
                                                  grpc::CallbackServerContext* context,
                                                  std::shared_ptr<Visit> visit, OpenSource open) {
    auto* reactor = new StreamReactor(executor, std::move(visit));
    // A reader that is too slow has its last message pending, so there is no other way to end it.
    reactor->visit_->CutBy([context](const absl::Status&) { context->TryCancel(); });
    executor.Post([reactor, open = std::move(open)] { reactor->Open(open); });
    return reactor;
  }

  void OnWriteDone(bool ok) override {
    visit_->Moves(Visit::kWriting);
    if (!ok) cancelled_ = true;
    executor_.Post([this] { WriteNext(); });
  }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override {
    visit_->StopCutting();
    delete this;
  }

 private:
  StreamReactor(Executor& executor, std::shared_ptr<Visit> visit)
      : executor_(executor), visit_(std::move(visit)) {}

  void Open(const OpenSource& open) {
    absl::StatusOr<Source> source = open();
    if (!source.ok()) return End(source.status());
    source_ = *std::move(source);
    WriteNext();
  }

  void WriteNext() {
    if (cancelled_) return End(absl::CancelledError("the call was cancelled"));
    message_.Clear();
    const absl::StatusOr<bool> more = source_(&message_);
    if (!more.ok() || !*more) return End(more.status());
    visit_->Waits(Visit::kWriting, static_cast<std::int64_t>(message_.ByteSizeLong()));
    this->StartWrite(&message_);
  }

  void End(const absl::Status& status) {
    visit_->End(status);
    this->Finish(ToGrpc(status));
  }

  Executor& executor_;
  const std::shared_ptr<Visit> visit_;
  Source source_;
  Message message_;
  std::atomic<bool> cancelled_{false};
};

/// The gate, then the resources that the request names, then open(request) → the source.
template <class Message, class Request, class Open>
grpc::ServerWriteReactor<Message>* StartStream(const Entrance& entrance,
                                               grpc::CallbackServerContext* context,
                                               const Request& request, Open open) {
  using Reactor = StreamReactor<Message>;
  return Admit<grpc::ServerWriteReactor<Message>, Request>(
      entrance.gate, context, [&](std::shared_ptr<Visit> visit) {
        typename Reactor::OpenSource check_and_open =
            [visit, request, open = std::move(open)]() -> absl::StatusOr<typename Reactor::Source> {
          const absl::Status allowed = visit->Check(request);
          if (!allowed.ok()) return allowed;
          return open(request);
        };
        return Reactor::Start(entrance.executor, context, visit, std::move(check_and_open));
      });
}

}  // namespace tomoslab
