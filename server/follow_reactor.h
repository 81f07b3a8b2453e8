// A viewer's stream that replays what is stored and then follows it. No thread waits for it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/grpc_status.h"
#include "server/executor.h"
#include "server/gate.h"
#include "server/unary.h"
#include "worker/core/status.h"

namespace tomoslab {

/// What a stream follows; it knows how far it has come. Called on the executor, never by two
/// threads at once.
template <class Message>
class Feed {
 public:
  virtual ~Feed() = default;
  /// Calls `wake` whenever there may be more, until the returned token is destroyed.
  virtual std::shared_ptr<void> Watch(std::function<void()> wake) = 0;
  /// Once, before all others: whether the caller may see it.
  virtual absl::Status Check() = 0;
  /// The next messages, which other streams may share; none: there are none now.
  virtual absl::StatusOr<std::vector<std::shared_ptr<const Message>>> Next() = 0;
  /// After Next had none: how the stream ends; nullopt: more may come.
  virtual std::optional<absl::Status> End() = 0;
};

template <class Message>
class FollowReactor final : public grpc::ServerWriteReactor<Message>,
                            public std::enable_shared_from_this<FollowReactor<Message>> {
 public:
  static grpc::ServerWriteReactor<Message>* Start(Executor& executor,
                                                  grpc::CallbackServerContext* context,
                                                  std::shared_ptr<Visit> visit,
                                                  std::unique_ptr<Feed<Message>> feed) {
    std::shared_ptr<FollowReactor> reactor(
        new FollowReactor(executor, std::move(visit), std::move(feed)));
    reactor->self_ = reactor;
    reactor->visit_->CutBy([context](const absl::Status&) { context->TryCancel(); });
    const std::weak_ptr<FollowReactor> weak = reactor;
    reactor->subscription_ = reactor->feed_->Watch([weak] {
      if (const auto alive = weak.lock()) alive->Wake();
    });
    reactor->Wake();
    return reactor.get();
  }

  void OnWriteDone(bool ok) override {
    visit_->Moves(Visit::kWriting);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!ok) cancelled_ = true;
    }
    PostStep();
  }

  void OnCancel() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      cancelled_ = true;
    }
    Wake();
  }

  void OnDone() override {
    visit_->StopCutting();
    subscription_.reset();
    self_.reset();
  }

 private:
  FollowReactor(Executor& executor, std::shared_ptr<Visit> visit,
                std::unique_ptr<Feed<Message>> feed)
      : executor_(executor), visit_(std::move(visit)), feed_(std::move(feed)) {}

  /// Makes sure that a step runs (again) after this call.
  void Wake() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      woken_ = true;
      if (busy_) return;
      busy_ = true;
    }
    PostStep();
  }

  void PostStep() {
    executor_.Post([self = this->shared_from_this()] { self->Step(); });
  }

  void End(const absl::Status& status) {
    visit_->End(status);
    this->Finish(ToGrpc(status));
  }

  absl::StatusOr<bool> Load() {
    if (!checked_) {
      checked_ = true;
      TOMOSLAB_RETURN_IF_ERROR(feed_->Check());
    }
    if (next_in_batch_ < batch_.size()) return true;
    next_in_batch_ = 0;
    TOMOSLAB_ASSIGN_OR_RETURN(batch_, feed_->Next());
    return !batch_.empty();
  }

  /// Writes the next message, ends the stream, or falls asleep until woken.
  void Step() {
    while (true) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        woken_ = false;
        if (cancelled_) break;
      }
      const absl::StatusOr<bool> more = Load();
      if (!more.ok()) return End(more.status());
      if (*more) {
        const Message& message = *batch_[next_in_batch_++];
        visit_->Waits(Visit::kWriting, static_cast<std::int64_t>(message.ByteSizeLong()));
        return this->StartWrite(&message);
      }
      if (const std::optional<absl::Status> end = feed_->End()) return End(*end);
      const std::lock_guard<std::mutex> lock(mutex_);
      if (woken_ || cancelled_) continue;
      busy_ = false;
      return;
    }
    End(absl::CancelledError("the call was cancelled"));
  }

  Executor& executor_;
  const std::shared_ptr<Visit> visit_;
  const std::unique_ptr<Feed<Message>> feed_;
  std::shared_ptr<FollowReactor> self_;  // until OnDone
  std::shared_ptr<void> subscription_;

  // Touched by the one step or write that is under way.
  bool checked_ = false;
  std::vector<std::shared_ptr<const Message>> batch_;
  std::size_t next_in_batch_ = 0;

  std::mutex mutex_;
  bool busy_ = false;   // a step or a write is under way, or the stream has ended
  bool woken_ = false;  // while busy
  bool cancelled_ = false;
};

/// The gate, then what feed_for(visit) gives and gets.
template <class Message, class Request, class FeedFor>
grpc::ServerWriteReactor<Message>* StartFeed(const Entrance& entrance,
                                             grpc::CallbackServerContext* context,
                                             const FeedFor& feed_for) {
  return Admit<grpc::ServerWriteReactor<Message>, Request>(
      entrance.gate, context, [&](std::shared_ptr<Visit> visit) {
        std::unique_ptr<Feed<Message>> feed = feed_for(visit);
        return FollowReactor<Message>::Start(entrance.executor, context, std::move(visit),
                                             std::move(feed));
      });
}

}  // namespace tomoslab
