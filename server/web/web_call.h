// From a browser's request to a gRPC call of this process and back: the gate sees the browser's
// token and address, and its refusals become HTTP statuses.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/grpc_status.h"
#include "server/web/http_message.h"

namespace tomoslab {

/// Holds the token; HttpOnly.
inline constexpr const char* kTokenCookie = "tomoslab_token";

/// "Bearer …", from the header or else from the cookie; "" = none.
std::string AuthorizationOf(const HttpRequest& request);

/// For one call in the browser's name.
std::unique_ptr<grpc::ClientContext> ContextFor(const HttpRequest& request);

/// {"code": "NOT_FOUND", "message": "…"}, with Retry-After where the error says when.
HttpResponse ErrorResponse(const absl::Status& status);
HttpResponse JsonResponse(std::string json);
/// protobuf's JSON mapping.
HttpResponse MessageResponse(const google::protobuf::Message& message);
std::string ToJson(const google::protobuf::Message& message);

/// InvalidArgument: not JSON, or not of this message.
absl::Status ParseJson(const std::string& json, google::protobuf::Message* message);

/// A unary call in the browser's name: Call<Response>(stub, &Stub::GetJob, browser, request).
template <class Response, class Stub, class Method, class Request>
absl::StatusOr<Response> Call(Stub& stub, Method method, const HttpRequest& browser,
                              const Request& request) {
  const std::unique_ptr<grpc::ClientContext> context = ContextFor(browser);
  Response response;
  const grpc::Status status = (stub.*method)(context.get(), request, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

}  // namespace tomoslab
