#include "server/token_store.h"

#include <google/protobuf/util/time_util.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/plain_text.h"
#include "server/resource_name.h"
#include "worker/core/check.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::size_t kSecretBytes = 32, kLongestSecret = 200, kLongestComment = 200,
                      kLongestPool = 100;
constexpr std::int64_t kLocalPools = 0;

std::string HashOf(const std::string& secret) {
  std::string hash(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  TOMOSLAB_CHECK(EVP_Digest(secret.data(), secret.size(),
                            reinterpret_cast<unsigned char*>(hash.data()), &size, EVP_sha256(),
                            nullptr) == 1);
  hash.resize(size);
  return hash;
}

std::string NewSecret(std::int64_t id) {
  std::string bytes(kSecretBytes, '\0');
  TOMOSLAB_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), kSecretBytes) == 1);
  return absl::StrFormat("tomoslab_%d_%s", id, absl::WebSafeBase64Escape(bytes));
}

/// The ID in a secret; −1 when it is none. Base64 may hold underscores, so only the first two
/// count.
std::int64_t IdOf(const std::string& secret) {
  const std::vector<std::string> parts = absl::StrSplit(secret, absl::MaxSplits('_', 2));
  std::int64_t id = -1;
  if (secret.size() > kLongestSecret || parts.size() != 3 || parts[0] != "tomoslab") return -1;
  return absl::SimpleAtoi(parts[1], &id) && id >= 0 ? id : -1;
}

std::string TokenName(std::int64_t id) {
  return id == kLocalPools ? "tokens/local" : absl::StrCat("tokens/", id);
}

/// TimeUtil's knows whole seconds only.
google::protobuf::Timestamp Now() {
  return TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(absl::Now()));
}

bool HasExpired(const v1::Token& token) {
  return token.has_expire_time() && token.expire_time() <= Now();
}

Caller CallerOf(const v1::Token& token) {
  return {token.role(),
          token.user(),
          {token.group().begin(), token.group().end()},
          token.name(),
          token.pool()};
}

bool IsTime(const google::protobuf::Timestamp& time) {
  return time.seconds() >= 0 && time.seconds() <= TimeUtil::kTimestampMaxSeconds &&
         time.nanos() >= 0 && time.nanos() < 1'000'000'000;
}

absl::Status CheckNames(const v1::Token& token) {
  const bool pool = token.role() == v1::ROLE_POOL;
  if (!IsPersonName(token.user())) {
    return absl::InvalidArgumentError(
        "token.user must be 1 .. 64 letters, digits and . _ @ + -, the first one a letter or "
        "digit");
  }
  if (pool && token.group_size() > 0) {
    return absl::InvalidArgumentError("token.group is given, but a pool has no groups");
  }
  if (!pool && !token.pool().empty()) {
    return absl::InvalidArgumentError("token.pool is given, but only ROLE_POOL attaches as a pool");
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckPlainText("token.pool", token.pool(), kLongestPool));
  TOMOSLAB_RETURN_IF_ERROR(CheckPlainText("token.comment", token.comment(), kLongestComment));
  return CheckGroups(Caller{}, {token.group().begin(), token.group().end()});
}

absl::Status CheckToken(const v1::Token& token) {
  if (token.role() < v1::ROLE_VIEWER || token.role() > v1::ROLE_POOL) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "token.role = %d is neither VIEWER, OPERATOR, ADMIN nor POOL", token.role()));
  }
  if (token.has_expire_time() && !IsTime(token.expire_time())) {
    return absl::InvalidArgumentError("token.expire_time is no time");
  }
  if (HasExpired(token)) {
    return absl::InvalidArgumentError(absl::StrFormat("token.expire_time = %s has passed already",
                                                      TimeUtil::ToString(token.expire_time())));
  }
  return CheckNames(token);
}

absl::StatusOr<std::int64_t> ToTokenId(const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  std::int64_t id = 0;
  if (parts.size() == 2 && absl::SimpleAtoi(parts[1], &id) && id > 0 && TokenName(id) == name)
    return id;
  return absl::NotFoundError(absl::StrFormat("there is no \"%s\"; names look like tokens/12",
                                             absl::CEscape(name.substr(0, 100))));
}

absl::Status Update(Transaction& transaction, std::int64_t id, const std::string& hash,
                    const v1::Token& token) {
  return transaction.Prepare("UPDATE tokens SET hash = ?, token = ? WHERE id = ?")
      .BindBlob(hash)
      .BindBlob(token.SerializeAsString())
      .Bind(id)
      .Run();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TokenStore>> TokenStore::Open(Database& database) {
  std::unique_ptr<TokenStore> store(new TokenStore(database));
  TOMOSLAB_RETURN_IF_ERROR(store->Load());
  return store;
}

absl::Status TokenStore::Load() {
  Transaction transaction(database_);
  Statement rows = transaction.Prepare("SELECT id, hash, token FROM tokens");
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return absl::OkStatus();
    Entry entry{rows.Bytes(1), {}};
    const bool whole = entry.token.ParseFromString(rows.Bytes(2));
    if (!whole ||
        entry.token.name() != TokenName(rows.Int(0))) {  // it opens no door, nor shuts one
      spdlog::error("the database's entry of {} is damaged", TokenName(rows.Int(0)));
      continue;
    }
    entries_[rows.Int(0)] = std::move(entry);
  }
}

/// In one transaction, so that there is never a token without its hash.
absl::StatusOr<std::string> TokenStore::Insert(Entry* entry) {
  Transaction transaction(database_);
  TOMOSLAB_RETURN_IF_ERROR(
      transaction.Prepare("INSERT INTO tokens (hash, token) VALUES (x'', x'')").Run());
  const std::int64_t id = transaction.LastInsertedId();
  const std::string secret = NewSecret(id);
  entry->hash = HashOf(secret);
  entry->token.set_name(TokenName(id));
  TOMOSLAB_RETURN_IF_ERROR(Update(transaction, id, entry->hash, entry->token));
  TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  const std::lock_guard<std::mutex> lock(mutex_);
  entries_[id] = *entry;
  return secret;
}

absl::StatusOr<v1::CreateTokenResponse> TokenStore::Create(const v1::Token& wanted) {
  TOMOSLAB_RETURN_IF_ERROR(CheckToken(wanted));
  Entry entry{"", wanted};
  entry.token.clear_revoke_time();
  *entry.token.mutable_create_time() = Now();
  v1::CreateTokenResponse response;
  TOMOSLAB_ASSIGN_OR_RETURN(*response.mutable_secret(), Insert(&entry));
  *response.mutable_token() = entry.token;
  return response;
}

std::string TokenStore::CreateForLocalPools() {
  const std::string secret = NewSecret(kLocalPools);
  Entry entry{HashOf(secret), {}};
  entry.token.set_name(TokenName(kLocalPools));
  entry.token.set_role(v1::ROLE_POOL);
  entry.token.set_user("local");
  const std::lock_guard<std::mutex> lock(mutex_);
  entries_[kLocalPools] = std::move(entry);
  return secret;
}

absl::StatusOr<v1::Token> TokenStore::Revoke(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, ToTokenId(name));
  Entry entry;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto it = entries_.find(id);
    if (it == entries_.end()) return absl::NotFoundError(absl::StrFormat("there is no %s", name));
    entry = it->second;
  }
  if (entry.token.has_revoke_time()) return entry.token;
  *entry.token.mutable_revoke_time() = Now();
  {
    Transaction transaction(database_);
    TOMOSLAB_RETURN_IF_ERROR(Update(transaction, id, entry.hash, entry.token));
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  entries_[id] = entry;
  return entry.token;
}

absl::StatusOr<v1::ListTokensResponse> TokenStore::List(
    const v1::ListTokensRequest& request) const {
  TOMOSLAB_ASSIGN_OR_RETURN(const Page page, ToPage(request.page_size(), request.page_token()));
  v1::ListTokensResponse response;
  const std::lock_guard<std::mutex> lock(mutex_);
  std::int64_t last = 0;
  for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) {
    if (it->first == kLocalPools || it->first >= page.below) continue;
    if (response.token_size() == page.size) {
      response.set_next_page_token(PageToken(last));
      break;
    }
    last = it->first;
    *response.add_token() = it->second.token;
    response.mutable_token(response.token_size() - 1)->set_name(TokenName(last));
  }
  return response;
}

absl::StatusOr<Caller> TokenStore::Authenticate(const std::string& secret) const {
  const std::int64_t id = IdOf(secret);
  const std::string hash = HashOf(secret);
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = entries_.find(id);
  if (id < 0 || it == entries_.end() || it->second.hash.size() != hash.size() ||
      CRYPTO_memcmp(it->second.hash.data(), hash.data(), hash.size()) != 0) {
    return absl::UnauthenticatedError(
        "the token is not one of this server's; ask its admin for one (tomoslab token create)");
  }
  const v1::Token& token = it->second.token;
  if (token.has_revoke_time()) {
    return absl::UnauthenticatedError(absl::StrFormat(
        "%s was revoked at %s; ask the server's admin for another (tomoslab token create)",
        token.name(), TimeUtil::ToString(token.revoke_time())));
  }
  if (HasExpired(token)) {
    return absl::UnauthenticatedError(absl::StrFormat(
        "%s expired at %s; ask the server's admin for another (tomoslab token create)",
        token.name(), TimeUtil::ToString(token.expire_time())));
  }
  return CallerOf(token);
}

bool TokenStore::IsValid(const std::string& name) const {
  const std::int64_t id =
      name == TokenName(kLocalPools) ? kLocalPools : ToTokenId(name).value_or(-1);
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = entries_.find(id);
  return it != entries_.end() && !it->second.token.has_revoke_time() &&
         !HasExpired(it->second.token);
}

bool TokenStore::HasAdmin() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    const v1::Token& token = entry.token;
    if (token.role() == v1::ROLE_ADMIN && !token.has_revoke_time() && !HasExpired(token))
      return true;
  }
  return false;
}

}  // namespace tomoslab
