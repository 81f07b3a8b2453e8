// A client stream that is written away, one message at a time; the answer comes when all is on
// disk.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "proto/grpc_status.h"
#include "server/executor.h"

namespace tomoslab {

/// What takes the messages. Called on the executor, never by two threads at once.
template <class Request>
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual absl::Status Take(const Request& request) = 0;
  /// After the last message.
  virtual absl::Status Finish() = 0;
};

/// The next message is read when the last has been taken: all the flow control there is.
template <class Request>
class ReceiveReactor final : public grpc::ServerReadReactor<Request> {
 public:
  static grpc::ServerReadReactor<Request>* Start(Executor& executor,
                                                 std::unique_ptr<Receiver<Request>> receiver) {
    auto* reactor = new ReceiveReactor(executor, std::move(receiver));
    reactor->StartRead(&reactor->request_);
    return reactor;
  }

  void OnReadDone(bool ok) override {
    executor_.Post([this, ok] { ok ? TakeOne() : this->Finish(ToGrpc(receiver_->Finish())); });
  }
  void OnDone() override { delete this; }

 private:
  ReceiveReactor(Executor& executor, std::unique_ptr<Receiver<Request>> receiver)
      : executor_(executor), receiver_(std::move(receiver)) {}

  void TakeOne() {
    const absl::Status status = receiver_->Take(request_);
    if (!status.ok()) return this->Finish(ToGrpc(status));
    this->StartRead(&request_);
  }

  Executor& executor_;
  const std::unique_ptr<Receiver<Request>> receiver_;
  Request request_;
};

}  // namespace tomoslab
