// Whose scans and jobs are, in the database: owners, the groups that share, what is to be kept, and
// how much is stored.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/caller.h"
#include "server/database.h"

namespace tomoslab {

enum class Collection { kScans, kJobs };

/// A row of `scans` or `jobs`.
struct ResourceRow {
  Collection collection;
  std::int64_t id;
};
/// NotFound as ScanId and JobId.
absl::StatusOr<ResourceRow> RowOf(const std::string& name);

/// Enters the owner and groups of a new row in its transaction. ResourceExhausted: its `bytes` are
/// more than the owner's quota leaves, with the figures.
absl::Status EnterOwner(Transaction& transaction, ResourceRow row, const NewOwnership& ownership,
                        std::int64_t bytes);

/// request_ids of different users do not meet.
std::string OwnRequestId(const std::string& owner, const std::string& request_id);

class OwnershipTable {
 public:
  explicit OwnershipTable(Database& database) : database_(database) {}

  // NotFound. Rows from before there were owners belong to nobody: only admins see them.
  absl::StatusOr<Ownership> Find(const std::string& name);
  absl::Status Share(const std::string& name, const std::vector<std::string>& groups);
  absl::Status Keep(const std::string& name, bool keep);

  /// Of a user: all his scans, and his jobs with their volumes, checkpoints and previews.
  absl::StatusOr<std::int64_t> StoredBytes(const std::string& owner);

 private:
  Database& database_;
};

}  // namespace tomoslab
