// Tokens and sharing: one short method per RPC; decides nothing.
#pragma once

#include "server/ownership.h"
#include "server/token_store.h"
#include "server/unary.h"
#include "tomoslab/v1/access.grpc.pb.h"

namespace tomoslab {

class AccessService final : public v1::Access::CallbackService {
 public:
  AccessService(Entrance entrance, TokenStore& tokens, OwnershipTable& ownership)
      : entrance_(entrance), tokens_(tokens), ownership_(ownership) {}

  using Unary = grpc::ServerUnaryReactor;
  using Context = grpc::CallbackServerContext;

  Unary* CreateToken(Context*, const v1::CreateTokenRequest*, v1::CreateTokenResponse*) override;
  Unary* RevokeToken(Context*, const v1::RevokeTokenRequest*, v1::Token*) override;
  Unary* ListTokens(Context*, const v1::ListTokensRequest*, v1::ListTokensResponse*) override;
  Unary* WhoAmI(Context*, const v1::WhoAmIRequest*, v1::Identity*) override;
  Unary* Share(Context*, const v1::ShareRequest*, v1::ShareResponse*) override;
  Unary* Keep(Context*, const v1::KeepRequest*, v1::KeepResponse*) override;

 private:
  const Entrance entrance_;
  TokenStore& tokens_;
  OwnershipTable& ownership_;
};

}  // namespace tomoslab
