#include "server/listing.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tomoslab/v1/job.pb.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// One ordered part of what is visible, e.g. one owner's jobs of one state: at most `wanted.most`
/// of it can be among the newest of all.
class NewestOfParts {
 public:
  NewestOfParts(Transaction& transaction, Newest wanted)
      : transaction_(transaction), wanted_(wanted) {}

  /// sql: parameters of `bind`, then below, then most; one column, descending.
  template <class Bind>
  absl::Status Add(const char* sql, Bind bind) {
    Statement rows = transaction_.Prepare(sql);
    bind(rows);
    rows.Bind(wanted_.below).Bind(wanted_.most);
    while (true) {
      TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
      if (!more) return absl::OkStatus();
      ids_.push_back(rows.Int(0));
    }
  }

  std::vector<std::int64_t> Take() {
    std::sort(ids_.begin(), ids_.end(), std::greater<>());
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    if (ids_.size() > static_cast<std::size_t>(wanted_.most)) ids_.resize(wanted_.most);
    return std::move(ids_);
  }

 private:
  Transaction& transaction_;
  const Newest wanted_;
  std::vector<std::int64_t> ids_;
};

std::set<int> AllStates() {
  std::set<int> states;
  for (int state = v1::QUEUED; state <= v1::CANCELLED; ++state) states.insert(state);
  return states;
}

constexpr const char* kAllJobs = "SELECT id FROM jobs WHERE id < ? ORDER BY id DESC LIMIT ?";
constexpr const char* kJobsOfState =
    "SELECT id FROM jobs WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?";
constexpr const char* kJobsOfOwner =
    "SELECT job FROM job_owners WHERE owner = ? AND state = ? AND job < ? ORDER BY job DESC "
    "LIMIT ?";
constexpr const char* kJobsOfGroup =
    "SELECT job FROM job_groups WHERE name = ? AND state = ? AND job < ? ORDER BY job DESC LIMIT ?";
constexpr const char* kAllScans =
    "SELECT id FROM scans WHERE ready = 1 AND id < ? ORDER BY id DESC LIMIT ?";
constexpr const char* kScansOfOwner =
    "SELECT scan FROM scan_owners CROSS JOIN scans ON scans.id = scan AND ready = 1 "
    "WHERE owner = ? AND scan < ? ORDER BY scan DESC LIMIT ?";
constexpr const char* kScansOfGroup =
    "SELECT scan FROM scan_groups CROSS JOIN scans ON scans.id = scan AND ready = 1 "
    "WHERE name = ? AND scan < ? ORDER BY scan DESC LIMIT ?";

}  // namespace

absl::StatusOr<std::vector<std::int64_t>> VisibleJobs(Transaction& transaction,
                                                      const Caller& caller,
                                                      const std::set<int>& states, Newest wanted) {
  NewestOfParts newest(transaction, wanted);
  if (caller.SeesAll() && states.empty()) {
    TOMOSLAB_RETURN_IF_ERROR(newest.Add(kAllJobs, [](Statement&) {}));
    return newest.Take();
  }
  for (const int state : states.empty() ? AllStates() : states) {
    if (caller.SeesAll()) {
      TOMOSLAB_RETURN_IF_ERROR(
          newest.Add(kJobsOfState, [&](Statement& rows) { rows.Bind(state); }));
      continue;
    }
    TOMOSLAB_RETURN_IF_ERROR(
        newest.Add(kJobsOfOwner, [&](Statement& rows) { rows.Bind(caller.user).Bind(state); }));
    for (const std::string& group : caller.groups) {
      TOMOSLAB_RETURN_IF_ERROR(
          newest.Add(kJobsOfGroup, [&](Statement& rows) { rows.Bind(group).Bind(state); }));
    }
  }
  return newest.Take();
}

absl::StatusOr<std::vector<std::int64_t>> VisibleScans(Transaction& transaction,
                                                       const Caller& caller, Newest wanted) {
  NewestOfParts newest(transaction, wanted);
  if (caller.SeesAll()) {
    TOMOSLAB_RETURN_IF_ERROR(newest.Add(kAllScans, [](Statement&) {}));
    return newest.Take();
  }
  TOMOSLAB_RETURN_IF_ERROR(
      newest.Add(kScansOfOwner, [&](Statement& rows) { rows.Bind(caller.user); }));
  for (const std::string& group : caller.groups) {
    TOMOSLAB_RETURN_IF_ERROR(newest.Add(kScansOfGroup, [&](Statement& rows) { rows.Bind(group); }));
  }
  return newest.Take();
}

std::string JsonOf(const std::vector<std::int64_t>& ids) {
  return absl::StrCat("[", absl::StrJoin(ids, ","), "]");
}

}  // namespace tomoslab
