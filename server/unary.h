// A unary RPC whose work may wait for a disk: it runs on the executor, and its Status is the
// call's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/grpc_status.h"
#include "server/executor.h"

namespace tomoslab {

/// work() → absl::StatusOr<Response>; request and response stay alive until the call has finished.
template <class Response, class Work>
grpc::ServerUnaryReactor* Answer(Executor& executor, grpc::CallbackServerContext* context,
                                 Response* response, Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  executor.Post([reactor, response, work = std::move(work)] {
    absl::StatusOr<Response> result = work();
    if (result.ok()) *response = *std::move(result);
    reactor->Finish(ToGrpc(result.status()));
  });
  return reactor;
}

/// work() → absl::Status.
template <class Work>
grpc::ServerUnaryReactor* AnswerEmpty(Executor& executor, grpc::CallbackServerContext* context,
                                      Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  executor.Post([reactor, work = std::move(work)] { reactor->Finish(ToGrpc(work())); });
  return reactor;
}

}  // namespace tomoslab
