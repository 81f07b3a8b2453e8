#include "server/token_store.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "server/schema.h"
#include "tests/server/temporary_folder.h"

namespace tomoslab {
namespace {

using google::protobuf::util::TimeUtil;
using testing::HasSubstr;

class TokenStoreTest : public testing::Test {
 protected:
  TokenStoreTest() { Reopen(); }
  void Reopen() {
    store_.reset(), database_.reset();
    database_ = *Database::Open(folder_.path() + "/tomoslab.db");
    ASSERT_TRUE(PrepareSchema(*database_).ok());
    store_ = *TokenStore::Open(*database_);
  }
  static v1::Token Wanted(v1::Role role, const std::string& user) {
    v1::Token token;
    token.set_role(role);
    token.set_user(user);
    return token;
  }
  absl::Status Refusal(const v1::Token& token) { return store_->Create(token).status(); }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<TokenStore> store_;
};

TEST_F(TokenStoreTest, KnowsItsTokensAlsoAfterARestart) {
  v1::Token wanted = Wanted(v1::ROLE_OPERATOR, "alice");
  wanted.add_group("beamline");
  const v1::CreateTokenResponse created = *store_->Create(wanted);
  EXPECT_EQ(created.token().name(), "tokens/1");
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<Caller> caller = store_->Authenticate(created.secret());
    ASSERT_TRUE(caller.ok()) << caller.status();
    EXPECT_EQ(caller->user, "alice");
    EXPECT_EQ(caller->role, v1::ROLE_OPERATOR);
    EXPECT_THAT(caller->groups, testing::ElementsAre("beamline"));
    EXPECT_EQ(caller->token, "tokens/1");
    EXPECT_TRUE(store_->IsValid("tokens/1"));
    Reopen();
  }
}

TEST_F(TokenStoreTest, RefusesWhatIsNoTokenOfItsOwn) {
  const std::string secret = store_->Create(Wanted(v1::ROLE_ADMIN, "a"))->secret();
  std::string changed = secret;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  std::string other_id = secret;
  other_id.replace(other_id.find("_1_"), 3, "_2_");
  for (const std::string& wrong :
       {changed, other_id, std::string(), std::string("tomoslab_1_"),
        secret.substr(0, secret.size() - 1), secret + "x", std::string("tomoslab_-1_x"),
        std::string("tomoslab_0_x"), std::string(100'000, 'x'),
        std::string("tomoslab_99999999999999999999_x"), std::string("\0\xff", 2)}) {
    EXPECT_TRUE(absl::IsUnauthenticated(store_->Authenticate(wrong).status()))
        << wrong.substr(0, 100);
  }
}

TEST_F(TokenStoreTest, KeepsNoSecretOnDisk) {
  const std::string secret = store_->Create(Wanted(v1::ROLE_ADMIN, "a"))->secret();
  Reopen();
  const std::string random = secret.substr(secret.rfind('_') + 1);
  for (const char* name : {"/tomoslab.db", "/tomoslab.db-wal"}) {
    std::ifstream file(folder_.path() + name, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    EXPECT_EQ(bytes.str().find(secret), std::string::npos);
    EXPECT_EQ(bytes.str().find(random), std::string::npos);
  }
}

TEST_F(TokenStoreTest, TokensExpire) {
  v1::Token wanted = Wanted(v1::ROLE_VIEWER, "a");
  *wanted.mutable_expire_time() =
      TimeUtil::GetCurrentTime() + TimeUtil::SecondsToDuration(2);
  const v1::CreateTokenResponse created = *store_->Create(wanted);
  EXPECT_TRUE(store_->Authenticate(created.secret()).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  const absl::Status refused = store_->Authenticate(created.secret()).status();
  EXPECT_TRUE(absl::IsUnauthenticated(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("tokens/1 expired at 20"));
  EXPECT_FALSE(store_->IsValid("tokens/1"));
}

TEST_F(TokenStoreTest, RevokedTokensStayRevoked) {
  const v1::CreateTokenResponse created = *store_->Create(Wanted(v1::ROLE_ADMIN, "a"));
  EXPECT_TRUE(store_->HasAdmin());
  const v1::Token revoked = *store_->Revoke("tokens/1");
  EXPECT_TRUE(revoked.has_revoke_time());
  EXPECT_EQ(store_->Revoke("tokens/1")->revoke_time().seconds(), revoked.revoke_time().seconds());
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(std::string(store_->Authenticate(created.secret()).status().message()),
                HasSubstr("was revoked"));
    EXPECT_FALSE(store_->HasAdmin());
    Reopen();
  }
  EXPECT_TRUE(absl::IsNotFound(store_->Revoke("tokens/2").status()));
  EXPECT_TRUE(absl::IsNotFound(store_->Revoke("tokens/01").status()));
  EXPECT_TRUE(absl::IsNotFound(store_->Revoke("../etc/passwd").status()));
}

TEST_F(TokenStoreTest, ListsByPageWithoutSecrets) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store_->Create(Wanted(v1::ROLE_VIEWER, "a")).ok());
  store_->CreateForLocalPools();
  v1::ListTokensRequest request;
  request.set_page_size(2);
  std::vector<std::string> names;
  do {
    const v1::ListTokensResponse page = *store_->List(request);
    for (const v1::Token& token : page.token()) names.push_back(token.name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names,
              testing::ElementsAre("tokens/5", "tokens/4", "tokens/3", "tokens/2", "tokens/1"));
}

TEST_F(TokenStoreTest, RefusesBadWishes) {
  EXPECT_TRUE(absl::IsInvalidArgument(Refusal(Wanted(v1::ROLE_UNSPECIFIED, "a"))));
  EXPECT_TRUE(absl::IsInvalidArgument(Refusal(Wanted(static_cast<v1::Role>(99), "a"))));
  for (const char* user : {"", "a/b", "-a", "a b", "a\n", "../a", "\xc3\xa9"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Refusal(Wanted(v1::ROLE_VIEWER, user)))) << user;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Refusal(Wanted(v1::ROLE_VIEWER, std::string(65, 'a')))));
  v1::Token token = Wanted(v1::ROLE_VIEWER, "a");
  token.add_group("b\"c");
  EXPECT_TRUE(absl::IsInvalidArgument(Refusal(token)));
  token = Wanted(v1::ROLE_VIEWER, "a");
  token.set_pool("p");
  EXPECT_TRUE(absl::IsInvalidArgument(Refusal(token)));
  token = Wanted(v1::ROLE_VIEWER, "a");
  token.mutable_expire_time()->set_seconds(1);
  EXPECT_THAT(std::string(Refusal(token).message()), HasSubstr("has passed"));
  token.mutable_expire_time()->set_seconds(INT64_MAX);
  EXPECT_TRUE(absl::IsInvalidArgument(Refusal(token)));
}

}  // namespace
}  // namespace tomoslab
