#include "client/access_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "client/interrupt.h"
#include "client/server_status.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::chrono::seconds kPatience{30};

}  // namespace

template <class Request, class Response>
absl::StatusOr<Response> AccessClient::Call(
    grpc::Status (v1::Access::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    const Request& request) {
  grpc::ClientContext context;
  const OnInterrupt stop([&] { context.TryCancel(); });
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  Response response;
  TOMOSLAB_RETURN_IF_ERROR(FromServer(((*stub_).*method)(&context, request, &response)));
  return response;
}

AccessClient::AccessClient(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(v1::Access::NewStub(channel)) {}

absl::StatusOr<v1::CreateTokenResponse> AccessClient::CreateToken(const v1::Token& token) {
  v1::CreateTokenRequest request;
  *request.mutable_token() = token;
  return Call(&v1::Access::Stub::CreateToken, request);
}

absl::StatusOr<v1::Token> AccessClient::RevokeToken(const std::string& name) {
  v1::RevokeTokenRequest request;
  request.set_name(name);
  return Call(&v1::Access::Stub::RevokeToken, request);
}

absl::StatusOr<std::vector<v1::Token>> AccessClient::ListTokens() {
  std::vector<v1::Token> tokens;
  v1::ListTokensRequest request;
  do {
    TOMOSLAB_ASSIGN_OR_RETURN(const v1::ListTokensResponse page,
                              Call(&v1::Access::Stub::ListTokens, request));
    tokens.insert(tokens.end(), page.token().begin(), page.token().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return tokens;
}

absl::StatusOr<v1::Identity> AccessClient::WhoAmI() {
  return Call(&v1::Access::Stub::WhoAmI, v1::WhoAmIRequest());
}

absl::Status AccessClient::Share(const std::string& name, const std::vector<std::string>& groups) {
  v1::ShareRequest request;
  request.set_name(name);
  request.mutable_group()->Assign(groups.begin(), groups.end());
  return Call(&v1::Access::Stub::Share, request).status();
}

absl::Status AccessClient::Keep(const std::string& name, bool keep) {
  v1::KeepRequest request;
  request.set_name(name);
  request.set_keep(keep);
  return Call(&v1::Access::Stub::Keep, request).status();
}

}  // namespace tomoslab
