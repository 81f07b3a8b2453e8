#include "server/access_service.h"

#include <string>
#include <vector>

#include "worker/core/status.h"

namespace tomoslab {

grpc::ServerUnaryReactor* AccessService::CreateToken(Context* context,
                                                     const v1::CreateTokenRequest* request,
                                                     v1::CreateTokenResponse* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) { return tokens_.Create(request->token()); });
}

grpc::ServerUnaryReactor* AccessService::RevokeToken(Context* context,
                                                     const v1::RevokeTokenRequest* request,
                                                     v1::Token* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) { return tokens_.Revoke(request->name()); });
}

grpc::ServerUnaryReactor* AccessService::ListTokens(Context* context,
                                                    const v1::ListTokensRequest* request,
                                                    v1::ListTokensResponse* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) { return tokens_.List(*request); });
}

grpc::ServerUnaryReactor* AccessService::WhoAmI(Context* context, const v1::WhoAmIRequest* request,
                                                v1::Identity* response) {
  return Answer(entrance_, context, request, response,
                [this](const Caller& caller) -> absl::StatusOr<v1::Identity> {
                  v1::Identity identity = entrance_.gate.IdentityOf(caller);
                  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t stored,
                                            ownership_.StoredBytes(caller.user));
                  identity.set_stored_bytes(stored);
                  return identity;
                });
}

grpc::ServerUnaryReactor* AccessService::Share(Context* context, const v1::ShareRequest* request,
                                               v1::ShareResponse* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller& caller) -> absl::StatusOr<v1::ShareResponse> {
                  const std::vector<std::string> groups(request->group().begin(),
                                                        request->group().end());
                  TOMOSLAB_RETURN_IF_ERROR(CheckGroups(caller, groups));
                  TOMOSLAB_RETURN_IF_ERROR(ownership_.Share(request->name(), groups));
                  return v1::ShareResponse();
                });
}

grpc::ServerUnaryReactor* AccessService::Keep(Context* context, const v1::KeepRequest* request,
                                              v1::KeepResponse* response) {
  return Answer(entrance_, context, request, response,
                [this, request](const Caller&) -> absl::StatusOr<v1::KeepResponse> {
                  TOMOSLAB_RETURN_IF_ERROR(ownership_.Keep(request->name(), request->keep()));
                  return v1::KeepResponse();
                });
}

}  // namespace tomoslab
