// Gates for tests: with and without tokens, on a temporary folder.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/gate.h"
#include "server/schema.h"
#include "tests/server/temporary_folder.h"

namespace tomoslab {

class GateParts {
 public:
  GateParts() {
    database_ = *Database::Open(folder_.path() + "/tomoslab.db");
    EXPECT_TRUE(PrepareSchema(*database_).ok());
    tokens_ = *TokenStore::Open(*database_);
    audit_ = *AuditLog::Open(AuditPath());
    ownership_ = std::make_unique<OwnershipTable>(*database_);
  }
  std::string AuditPath() const { return folder_.path() + "/audit.log"; }
  Gate::Parts Parts() {
    return {*tokens_, *ownership_, *audit_,
            [](const std::string&) -> std::optional<std::string> { return std::nullopt; }};
  }
  Database& database() { return *database_; }
  TokenStore& tokens() { return *tokens_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<TokenStore> tokens_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<OwnershipTable> ownership_;
};

}  // namespace tomoslab
