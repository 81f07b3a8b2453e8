#include "server/web/web_call.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/gate.h"

namespace tomoslab {
namespace {

constexpr std::chrono::seconds kCallDeadline{60};

int HttpStatus(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

/// What a header may hold; gRPC aborts on anything else.
bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::string AuthorizationOf(const HttpRequest& request) {
  std::string authorization = request.Header("authorization");
  if (authorization.empty()) {
    const std::string token = request.Cookie(kTokenCookie);
    if (!token.empty()) authorization = absl::StrCat("Bearer ", token);
  }
  // A token that cannot be one is still not the same as none.
  return IsPrintable(authorization) ? authorization : "Bearer ?";
}

std::unique_ptr<grpc::ClientContext> ContextFor(const HttpRequest& request) {
  auto context = std::make_unique<grpc::ClientContext>();
  const std::string authorization = AuthorizationOf(request);
  if (!authorization.empty()) context->AddMetadata("authorization", authorization);
  context->AddMetadata(kBrowserMetadata, request.peer);
  context->set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  return context;
}

HttpResponse JsonResponse(std::string json) {
  HttpResponse response;
  response.type = "application/json";
  response.body = std::move(json);
  response.headers["Cache-Control"] = "no-store";
  return response;
}

HttpResponse ErrorResponse(const absl::Status& status) {
  const nlohmann::json error = {{"code", absl::StatusCodeToString(status.code())},
                                {"message", std::string(status.message())}};
  HttpResponse response =
      JsonResponse(error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  response.status = HttpStatus(status.code());
  const std::optional<std::chrono::milliseconds> delay = RetryDelay(status);
  if (delay.has_value() || absl::IsUnavailable(status)) {
    const double seconds = delay.has_value() ? static_cast<double>(delay->count()) / 1000 : 2;
    response.headers["Retry-After"] = absl::StrCat(std::max(1L, std::lround(std::ceil(seconds))));
  }
  return response;
}

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json);
  return status.ok() ? json : "{}";
}

HttpResponse MessageResponse(const google::protobuf::Message& message) {
  return JsonResponse(ToJson(message));
}

absl::Status ParseJson(const std::string& json, google::protobuf::Message* message) {
  const auto status = google::protobuf::util::JsonStringToMessage(json, message);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the body is not the JSON of ",
                                                 message->GetDescriptor()->name(), ": ",
                                                 std::string(status.message())));
}

}  // namespace tomoslab
