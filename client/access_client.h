// Calls about who may do what.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tomoslab/v1/access.grpc.pb.h"

namespace tomoslab {

/// Each call is made once: the server has just answered another.
class AccessClient {
 public:
  explicit AccessClient(const std::shared_ptr<grpc::Channel>& channel);

  absl::StatusOr<v1::CreateTokenResponse> CreateToken(const v1::Token& token);
  absl::StatusOr<v1::Token> RevokeToken(const std::string& name);
  absl::StatusOr<std::vector<v1::Token>> ListTokens();
  absl::StatusOr<v1::Identity> WhoAmI();
  absl::Status Share(const std::string& name, const std::vector<std::string>& groups);
  absl::Status Keep(const std::string& name, bool keep);

 private:
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::Access::Stub::*method)(grpc::ClientContext*,
                                                                         const Request&, Response*),
                                const Request& request);
  std::unique_ptr<v1::Access::Stub> stub_;
};

}  // namespace tomoslab
