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
  static grpc::ServerWriteReactor<Message>* Start(Executor& executor, OpenSource open) {
    auto* reactor = new StreamReactor(executor);
    executor.Post([reactor, open = std::move(open)] { reactor->Open(open); });
    return reactor;
  }

  void OnWriteDone(bool ok) override {
    if (!ok) cancelled_ = true;
    executor_.Post([this] { WriteNext(); });
  }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override { delete this; }

 private:
  explicit StreamReactor(Executor& executor) : executor_(executor) {}

  void Open(const OpenSource& open) {
    absl::StatusOr<Source> source = open();
    if (!source.ok()) return this->Finish(ToGrpc(source.status()));
    source_ = *std::move(source);
    WriteNext();
  }

  void WriteNext() {
    if (cancelled_) return this->Finish(grpc::Status::CANCELLED);
    message_.Clear();
    const absl::StatusOr<bool> more = source_(&message_);
    if (!more.ok() || !*more) return this->Finish(ToGrpc(more.status()));
    this->StartWrite(&message_);
  }

  Executor& executor_;
  Source source_;
  Message message_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace tomoslab
