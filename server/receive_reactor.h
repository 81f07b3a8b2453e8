// A client stream that is written away, one message at a time; the answer comes when all is on
// disk.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "proto/grpc_status.h"
#include "server/executor.h"
#include "server/gate.h"
#include "server/unary.h"

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
                                                 grpc::CallbackServerContext* context,
                                                 std::shared_ptr<Visit> visit,
                                                 std::unique_ptr<Receiver<Request>> receiver) {
    auto* reactor = new ReceiveReactor(executor, std::move(visit), std::move(receiver));
    reactor->visit_->CutBy([context](const absl::Status&) { context->TryCancel(); });
    reactor->StartRead(&reactor->request_);
    return reactor;
  }

  void OnReadDone(bool ok) override {
    executor_.Post([this, ok] { ok ? TakeOne() : End(receiver_->Finish()); });
  }
  void OnDone() override {
    visit_->StopCutting();
    delete this;
  }

 private:
  ReceiveReactor(Executor& executor, std::shared_ptr<Visit> visit,
                 std::unique_ptr<Receiver<Request>> receiver)
      : executor_(executor), visit_(std::move(visit)), receiver_(std::move(receiver)) {}

  void TakeOne() {
    absl::Status status = visit_->Check(request_);  // names something only the first time
    if (status.ok()) status = receiver_->Take(request_);
    if (!status.ok()) return End(status);
    this->StartRead(&request_);
  }

  void End(const absl::Status& status) {
    visit_->End(status);
    this->Finish(ToGrpc(status));
  }

  Executor& executor_;
  const std::shared_ptr<Visit> visit_;
  const std::unique_ptr<Receiver<Request>> receiver_;
  Request request_;
};

template <class Request>
grpc::ServerReadReactor<Request>* StartReceiving(const Entrance& entrance,
                                                 grpc::CallbackServerContext* context,
                                                 std::unique_ptr<Receiver<Request>> receiver) {
  return Admit<grpc::ServerReadReactor<Request>, Request>(
      entrance.gate, context, [&](std::shared_ptr<Visit> visit) {
        return ReceiveReactor<Request>::Start(entrance.executor, context, std::move(visit),
                                              std::move(receiver));
      });
}

}  // namespace tomoslab
