// Who calls, what that allows, and what belongs to whom. No gRPC.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tomoslab/v1/access.pb.h"

namespace tomoslab {

/// As created: what everybody is to a server that does not authenticate.
struct Caller {
  v1::Role role = v1::ROLE_ADMIN;
  std::string user;
  std::vector<std::string> groups;
  std::string token;  // "tokens/ID"; empty = not authenticated
  std::string pool;   // of ROLE_POOL: the one name it may attach under; empty = any
  bool SeesAll() const { return role == v1::ROLE_ADMIN; }
};

/// Whose a scan or a job is, and who shares it.
struct Ownership {
  std::string owner;
  std::vector<std::string> groups;
};

/// What somebody wants with a scan or a job (access.proto).
enum class Right { kSee, kUse, kOwn };

/// NotFound for what the caller may not see (in the words of a store that does not have `name`),
/// PermissionDenied for what he may see but not do.
absl::Status CheckRight(const Caller& caller, const Ownership& ownership, Right right,
                        const std::string& name);

/// What a new scan or job of the caller's gets. `groups` empty: all of his.
/// InvalidArgument: a group that he does not belong to, or a name that no group can have.
struct NewOwnership {
  Ownership ownership;
  std::int64_t quota_bytes = 0;  // of all that the owner stores; 0 = no limit
  int most_queued_jobs = 0;      // 0 = no limit
};
absl::Status CheckGroups(const Caller& caller, const std::vector<std::string>& groups);

/// Names of users and groups: 1 .. 64 letters, digits and . _ @ + -, the first a letter or digit.
bool IsPersonName(const std::string& name);

}  // namespace tomoslab
