// Which scans and jobs a caller may see, newest first, at a cost that does not grow with how many
// there are: every owner's and every group's are kept in order by indices.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/caller.h"
#include "server/database.h"

namespace tomoslab {

/// The `most` highest numbers below `below`.
struct Newest {
  std::int64_t below = 0;
  int most = 0;
};

/// Descending. `states`: of v1::JobState; empty = all.
absl::StatusOr<std::vector<std::int64_t>> VisibleJobs(Transaction& transaction,
                                                      const Caller& caller,
                                                      const std::set<int>& states, Newest wanted);
/// Descending; those that can be used.
absl::StatusOr<std::vector<std::int64_t>> VisibleScans(Transaction& transaction,
                                                       const Caller& caller, Newest wanted);

/// For json_each.
std::string JsonOf(const std::vector<std::int64_t>& ids);

}  // namespace tomoslab
