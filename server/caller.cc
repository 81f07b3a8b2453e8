#include "server/caller.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tomoslab {
namespace {

constexpr std::size_t kLongestName = 64, kMostGroups = 32;

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool SharesGroup(const Caller& caller, const Ownership& ownership) {
  return std::any_of(caller.groups.begin(), caller.groups.end(),
                     [&](const std::string& group) { return Contains(ownership.groups, group); });
}

}  // namespace

absl::Status CheckRight(const Caller& caller, const Ownership& ownership, Right right,
                        const std::string& name) {
  const bool owns = caller.SeesAll() || (!caller.user.empty() && caller.user == ownership.owner);
  if (owns) return absl::OkStatus();
  if (!SharesGroup(caller, ownership)) {
    return absl::NotFoundError(absl::StrFormat("there is no %s", name));
  }
  if (right != Right::kOwn) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrFormat("%s belongs to %s and is only shared with you; ask %s, or an admin", name,
                      ownership.owner, ownership.owner));
}

absl::Status CheckGroups(const Caller& caller, const std::vector<std::string>& groups) {
  if (groups.size() > kMostGroups) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d groups are given; at most %d", groups.size(), kMostGroups));
  }
  for (const std::string& group : groups) {
    if (!IsPersonName(group)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "group \"%s\" is no name of a group: 1 .. 64 letters, digits and . _ @ + -",
          absl::CEscape(group.substr(0, kLongestName))));
    }
    if (!caller.SeesAll() && !Contains(caller.groups, group)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "group \"%s\" is not one of yours (%s)", group,
          caller.groups.empty() ? "you have none" : absl::StrJoin(caller.groups, ", ")));
    }
  }
  return absl::OkStatus();
}

bool IsPersonName(const std::string& name) {
  const auto is_allowed = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("._@+-").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= kLongestName &&
         absl::ascii_isalnum(static_cast<unsigned char>(name.front())) &&
         std::all_of(name.begin(), name.end(), is_allowed);
}

}  // namespace tomoslab
