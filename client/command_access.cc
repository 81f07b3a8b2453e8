// tomoslab token, whoami, share, keep, rm: who may do what, and what stays.
#include <fcntl.h>
#include <google/protobuf/util/time_util.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/access_client.h"
#include "client/commands.h"
#include "client/exit_code.h"
#include "client/job_display.h"
#include "client/job_run.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

using google::protobuf::util::TimeUtil;

absl::StatusOr<AccessClient> ReachAccess(const ServerChoice& server) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ReconstructionClient> client, Reach(server));
  return AccessClient(client->channel());
}

std::string RoleText(v1::Role role) {
  constexpr std::size_t kPrefix = sizeof "ROLE_" - 1;
  return absl::AsciiStrToLower(v1::Role_Name(role).substr(kPrefix));
}

/// Opened before the token is made, so that no secret is lost to a bad path.
class SecretFile {
 public:
  static absl::StatusOr<SecretFile> Create(const std::string& path) {
    if (path.empty()) return SecretFile(path, STDOUT_FILENO);
    const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor >= 0) return SecretFile(path, descriptor);
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s; name a new file", path, std::strerror(errno)));
  }
  absl::Status Write(const std::string& secret) {
    const std::string line = secret + "\n";
    const bool written =
        write(descriptor_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    const int error = errno;
    if (!path_.empty()) close(descriptor_);
    if (written) return absl::OkStatus();
    return absl::ResourceExhaustedError(absl::StrFormat("%s: %s", path_, std::strerror(error)));
  }
  void Remove() {
    if (!path_.empty()) unlink(path_.c_str());
  }

 private:
  SecretFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::string path_;
  int descriptor_;
};

absl::Status TokenCreate(NewTokenOptions options) {
  if (options.days > 0) {
    *options.token.mutable_expire_time() =
        TimeUtil::GetCurrentTime() +
        TimeUtil::SecondsToDuration(std::llround(options.days * 86400));
  }
  TOMOSLAB_ASSIGN_OR_RETURN(AccessClient client, ReachAccess(options.server));
  TOMOSLAB_ASSIGN_OR_RETURN(SecretFile file, SecretFile::Create(options.output));
  const absl::StatusOr<v1::CreateTokenResponse> created = client.CreateToken(options.token);
  if (!created.ok()) {
    file.Remove();
    return created.status();
  }
  std::fprintf(stderr, "%s of %s, %s\n", created->token().name().c_str(),
               created->token().user().c_str(), RoleText(created->token().role()).c_str());
  return file.Write(created->secret());
}

std::string StateOf(const v1::Token& token) {
  if (token.has_revoke_time()) return "revoked";
  if (!token.has_expire_time()) return "valid";
  return token.expire_time() <= TimeUtil::GetCurrentTime() ? "expired" : "valid";
}

absl::Status TokenList(const TokenOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(AccessClient client, ReachAccess(options.server));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<v1::Token> tokens, client.ListTokens());
  if (!options.json) {
    std::printf("%-12s %-9s %-16s %-8s %-20s %-24s %s\n", "TOKEN", "ROLE", "USER", "STATE",
                "EXPIRES", "GROUPS", "COMMENT");
  }
  for (const v1::Token& token : tokens) {
    if (options.json) {
      std::printf("%s\n", JsonLine(token).c_str());
      continue;
    }
    std::printf("%-12s %-9s %-16s %-8s %-20s %-24s %s\n", token.name().c_str(),
                RoleText(token.role()).c_str(), token.user().c_str(), StateOf(token).c_str(),
                token.has_expire_time()
                    ? TimeUtil::ToString(token.expire_time()).substr(0, 19).c_str()
                    : "never",
                absl::StrJoin(token.group(), ",").c_str(), token.comment().c_str());
  }
  return absl::OkStatus();
}

absl::Status TokenRevoke(const TokenOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(AccessClient client, ReachAccess(options.server));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Token token, client.RevokeToken(options.name));
  std::printf("%s of %s: revoked\n", token.name().c_str(), token.user().c_str());
  return absl::OkStatus();
}

absl::Status WhoAmI(const TokenOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(AccessClient client, ReachAccess(options.server));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Identity me, client.WhoAmI());
  if (options.json) {
    std::printf("%s\n", JsonLine(me).c_str());
    return absl::OkStatus();
  }
  if (!me.authenticated()) {
    std::printf("the server asks for no token: whoever reaches it may do everything\n");
    return absl::OkStatus();
  }
  std::printf("%s, %s (%s)\n", me.user().c_str(), RoleText(me.role()).c_str(), me.token().c_str());
  if (me.group_size() > 0) std::printf("groups: %s\n", absl::StrJoin(me.group(), ", ").c_str());
  const std::string quota =
      me.quota_bytes() == 0
          ? ""
          : absl::StrCat(" of ", BytesText(static_cast<double>(me.quota_bytes())));
  std::printf("stored: %s%s\n", BytesText(static_cast<double>(me.stored_bytes())).c_str(),
              quota.c_str());
  return absl::OkStatus();
}

absl::Status Share(const ShareOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(AccessClient client, ReachAccess(options.server));
  TOMOSLAB_RETURN_IF_ERROR(client.Share(options.name, options.groups));
  std::printf("%s: shared with %s\n", options.name.c_str(),
              options.groups.empty() ? "nobody" : absl::StrJoin(options.groups, ", ").c_str());
  return absl::OkStatus();
}

absl::Status Keep(const ShareOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(AccessClient client, ReachAccess(options.server));
  TOMOSLAB_RETURN_IF_ERROR(client.Keep(options.name, options.keep));
  std::printf("%s: %s\n", options.name.c_str(), options.keep ? "kept" : "no longer kept");
  return absl::OkStatus();
}

absl::Status Remove(const RemoveOptions& options) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::unique_ptr<ReconstructionClient> client,
                            Reach(options.server));
  for (const std::string& name : options.names) {
    const bool scan = name.starts_with("scans/");
    TOMOSLAB_RETURN_IF_ERROR(scan ? client->DeleteScan(name) : client->DeleteJob(name));
    std::printf("%s: deleted\n", name.c_str());
  }
  return absl::OkStatus();
}

}  // namespace

int RunTokenCreate(NewTokenOptions options) { return ReportError(TokenCreate(std::move(options))); }
int RunTokenRevoke(const TokenOptions& options) { return ReportError(TokenRevoke(options)); }
int RunTokenList(const TokenOptions& options) { return ReportError(TokenList(options)); }
int RunWhoAmI(const TokenOptions& options) { return ReportError(WhoAmI(options)); }
int RunShare(const ShareOptions& options) { return ReportError(Share(options)); }
int RunKeep(const ShareOptions& options) { return ReportError(Keep(options)); }
int RunRemove(const RemoveOptions& options) { return ReportError(Remove(options)); }

}  // namespace tomoslab
