#include "server/ownership.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "server/resource_name.h"
#include "tomoslab/v1/job.pb.h"
#include "tomoslab/v1/scan.pb.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// SQL with @ for the collection's singular, e.g. "@_owners": the tables of both look alike.
std::string Sql(const char* text, Collection collection) {
  return absl::StrReplaceAll(text, {{"@", collection == Collection::kScans ? "scan" : "job"}});
}

std::string NameOf(ResourceRow row) {
  return row.collection == Collection::kScans ? ScanName(row.id) : JobName(row.id);
}

double Gib(std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

/// What a user has; kept up to date by the database (schema.cc).
struct Totals {
  std::int64_t bytes = 0, queued = 0;
};

absl::StatusOr<Totals> TotalsOf(Transaction& transaction, const std::string& owner) {
  Statement row = transaction.Prepare("SELECT bytes, queued FROM owner_totals WHERE owner = ?");
  TOMOSLAB_ASSIGN_OR_RETURN(const bool found, row.Bind(owner).Step());
  return found ? Totals{row.Int(0), row.Int(1)} : Totals{};
}

absl::Status CheckQuota(Transaction& transaction, const NewOwnership& ownership,
                        std::int64_t bytes) {
  if (ownership.quota_bytes == 0) return absl::OkStatus();
  TOMOSLAB_ASSIGN_OR_RETURN(const Totals totals, TotalsOf(transaction, ownership.ownership.owner));
  const std::int64_t stored = totals.bytes;
  if (bytes <= ownership.quota_bytes - stored) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "this takes %.3f GiB, and %s may store %.3f GiB, of which %.3f GiB are taken; delete scans "
      "or jobs that are no longer needed (tomoslab rm)",
      Gib(bytes), ownership.ownership.owner, Gib(ownership.quota_bytes), Gib(stored)));
}

absl::Status CheckQueue(Transaction& transaction, const NewOwnership& ownership) {
  if (ownership.most_queued_jobs == 0) return absl::OkStatus();
  TOMOSLAB_ASSIGN_OR_RETURN(const Totals totals, TotalsOf(transaction, ownership.ownership.owner));
  if (totals.queued <= ownership.most_queued_jobs) return absl::OkStatus();  // with the new one
  return absl::ResourceExhaustedError(
      absl::StrFormat("%s has %d jobs in the queue, and may have no more; wait for some to end, or "
                      "cancel them",
                      ownership.ownership.owner, ownership.most_queued_jobs));
}

absl::Status EnterGroups(Transaction& transaction, ResourceRow row,
                         const std::vector<std::string>& groups) {
  for (const std::string& group : groups) {
    TOMOSLAB_RETURN_IF_ERROR(
        transaction
            .Prepare(Sql("INSERT OR IGNORE INTO @_groups (@, name) VALUES (?, ?)", row.collection)
                         .c_str())
            .Bind(row.id)
            .Bind(group)
            .Run());
  }
  return absl::OkStatus();
}

/// Rewrites the message that a row shows. `change` takes a v1::Scan or a v1::Job.
template <class Message, class Change>
absl::Status ChangeMessage(Transaction& transaction, ResourceRow row, Change change) {
  const bool scan = row.collection == Collection::kScans;
  Message message;
  {
    Statement select =
        transaction.Prepare(scan ? "SELECT summary FROM scans WHERE id = ? AND ready = 1"
                                 : "SELECT job FROM jobs WHERE id = ?");
    TOMOSLAB_ASSIGN_OR_RETURN(const bool found, select.Bind(row.id).Step());
    if (!found) return absl::NotFoundError(absl::StrFormat("there is no %s", NameOf(row)));
    if (!message.ParseFromString(select.Bytes(0))) {
      return absl::DataLossError(
          absl::StrFormat("the database's entry of %s is damaged", NameOf(row)));
    }
  }
  change(message);
  return transaction
      .Prepare(scan ? "UPDATE scans SET summary = ? WHERE id = ?"
                    : "UPDATE jobs SET job = ? WHERE id = ?")
      .BindBlob(message.SerializeAsString())
      .Bind(row.id)
      .Run();
}

template <class Change>
absl::Status ChangeRow(Transaction& transaction, ResourceRow row, Change change) {
  return row.collection == Collection::kScans ? ChangeMessage<v1::Scan>(transaction, row, change)
                                              : ChangeMessage<v1::Job>(transaction, row, change);
}

}  // namespace

absl::StatusOr<ResourceRow> RowOf(const std::string& name) {
  if (name.starts_with("scans/")) {
    TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, ScanId(name));
    return ResourceRow{Collection::kScans, id};
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(name));
  return ResourceRow{Collection::kJobs, id};
}

absl::Status EnterOwner(Transaction& transaction, ResourceRow row, const NewOwnership& ownership,
                        std::int64_t bytes) {
  TOMOSLAB_RETURN_IF_ERROR(CheckQuota(transaction, ownership, bytes));
  TOMOSLAB_RETURN_IF_ERROR(
      transaction
          .Prepare(Sql("INSERT INTO @_owners (@, owner, bytes) VALUES (?, ?, ?)", row.collection)
                       .c_str())
          .Bind(row.id)
          .Bind(ownership.ownership.owner)
          .Bind(bytes)
          .Run());
  TOMOSLAB_RETURN_IF_ERROR(EnterGroups(transaction, row, ownership.ownership.groups));
  return row.collection == Collection::kJobs ? CheckQueue(transaction, ownership)
                                             : absl::OkStatus();
}

std::string OwnRequestId(const std::string& owner, const std::string& request_id) {
  // No name of a user holds a slash.
  return owner.empty() ? absl::StrCat("/", request_id) : absl::StrCat(owner, "/", request_id);
}

absl::StatusOr<Ownership> OwnershipTable::Find(const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const ResourceRow row, RowOf(name));
  Ownership ownership;
  Transaction transaction(database_, Durability::kSoon);
  {
    Statement owner = transaction.Prepare(
        Sql("SELECT owner FROM @s LEFT JOIN @_owners ON @_owners.@ = @s.id WHERE @s.id = ?",
            row.collection)
            .c_str());
    TOMOSLAB_ASSIGN_OR_RETURN(const bool found, owner.Bind(row.id).Step());
    if (!found) return absl::NotFoundError(absl::StrFormat("there is no %s", name));
    ownership.owner = owner.Bytes(0);
  }
  Statement groups =
      transaction.Prepare(Sql("SELECT name FROM @_groups WHERE @ = ?", row.collection).c_str());
  groups.Bind(row.id);
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, groups.Step());
    if (!more) return ownership;
    ownership.groups.push_back(groups.Bytes(0));
  }
}

absl::Status OwnershipTable::Share(const std::string& name,
                                   const std::vector<std::string>& groups) {
  TOMOSLAB_ASSIGN_OR_RETURN(const ResourceRow row, RowOf(name));
  Transaction transaction(database_);
  TOMOSLAB_RETURN_IF_ERROR(ChangeRow(transaction, row, [&](auto& message) {
    message.mutable_group()->Assign(groups.begin(), groups.end());
  }));
  TOMOSLAB_RETURN_IF_ERROR(
      transaction.Prepare(Sql("DELETE FROM @_groups WHERE @ = ?", row.collection).c_str())
          .Bind(row.id)
          .Run());
  TOMOSLAB_RETURN_IF_ERROR(EnterGroups(transaction, row, groups));
  return transaction.Commit();
}

absl::Status OwnershipTable::Keep(const std::string& name, bool keep) {
  TOMOSLAB_ASSIGN_OR_RETURN(const ResourceRow row, RowOf(name));
  Transaction transaction(database_);
  TOMOSLAB_RETURN_IF_ERROR(
      ChangeRow(transaction, row, [&](auto& message) { message.set_keep(keep); }));
  return transaction.Commit();
}

absl::StatusOr<std::int64_t> OwnershipTable::StoredBytes(const std::string& owner) {
  Transaction transaction(database_, Durability::kSoon);
  TOMOSLAB_ASSIGN_OR_RETURN(const Totals totals, TotalsOf(transaction, owner));
  return totals.bytes;
}

}  // namespace tomoslab
