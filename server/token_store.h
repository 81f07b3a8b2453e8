// Tokens: who has which role. The store keeps hashes, so that nobody who reads it can use one.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/caller.h"
#include "server/database.h"
#include "tomoslab/v1/access.pb.h"

namespace tomoslab {

/// Thread-safe. A secret is "tomoslab_ID_" and 256 random bits, so a plain SHA-256 of it is enough:
/// there is nothing to guess.
class TokenStore {
 public:
  static absl::StatusOr<std::unique_ptr<TokenStore>> Open(Database& database);

  /// InvalidArgument: role, names, expiry in the past.
  absl::StatusOr<v1::CreateTokenResponse> Create(const v1::Token& wanted);
  /// A secret of ROLE_POOL for this server's own pools; forgotten when it ends.
  std::string CreateForLocalPools();
  absl::StatusOr<v1::Token> Revoke(const std::string& name);
  absl::StatusOr<v1::ListTokensResponse> List(const v1::ListTokensRequest& request) const;

  /// Unauthenticated says why: unknown, expired, revoked. Does not touch the disk.
  absl::StatusOr<Caller> Authenticate(const std::string& secret) const;
  /// The token is neither revoked nor expired.
  bool IsValid(const std::string& name) const;
  /// Some admin's token is valid.
  bool HasAdmin() const;

 private:
  struct Entry {
    std::string hash;
    v1::Token token;
  };
  explicit TokenStore(Database& database) : database_(database) {}
  absl::Status Load();
  /// Gives it a name and a hash; returns the secret.
  absl::StatusOr<std::string> Insert(Entry* entry);

  Database& database_;
  mutable std::mutex mutex_;
  std::map<std::int64_t, Entry> entries_;  // by ID; 0 = local pools
};

}  // namespace tomoslab
