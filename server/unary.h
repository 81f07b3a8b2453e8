// A unary RPC: let in by the gate, done on the executor, since it may wait for a disk; its Status
// is the call's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/grpc_status.h"
#include "server/executor.h"
#include "server/gate.h"

namespace tomoslab {

/// What every call passes through.
struct Entrance {
  Gate& gate;
  Executor& executor;
};

/// work(caller) → absl::StatusOr<Response>; request and response stay alive until the call has
/// finished.
template <class Request, class Response, class Work>
grpc::ServerUnaryReactor* Answer(const Entrance& entrance, grpc::CallbackServerContext* context,
                                 const Request* request, Response* response, Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<std::shared_ptr<Visit>> visit =
      entrance.gate.Enter(*context, *Request::descriptor());
  if (!visit.ok()) {
    reactor->Finish(ToGrpc(visit.status()));
    return reactor;
  }
  entrance.executor.Post([=, visit = *std::move(visit), work = std::move(work)]() mutable {
    absl::Status status = visit->Check(*request);
    if (status.ok()) {
      absl::StatusOr<Response> result = work(visit->caller());
      status = result.status();
      if (result.ok()) *response = *std::move(result);
    }
    if (status.ok()) visit->NoteResult(*response);
    visit->End(status);
    visit.reset();
    reactor->Finish(ToGrpc(status));
  });
  return reactor;
}

/// A stream that is refused at once. Reactor: gRPC's class of the stream.
template <class Reactor>
class Refusal final : public Reactor {
 public:
  explicit Refusal(const absl::Status& why) { this->Finish(ToGrpc(why)); }
  void OnDone() override { delete this; }
};

/// start(visit) → Reactor*, unless the gate refuses.
template <class Reactor, class Request, class Start>
Reactor* Admit(Gate& gate, grpc::CallbackServerContext* context, Start start) {
  absl::StatusOr<std::shared_ptr<Visit>> visit = gate.Enter(*context, *Request::descriptor());
  if (!visit.ok()) return new Refusal<Reactor>(visit.status());
  return start(*std::move(visit));
}

}  // namespace tomoslab
