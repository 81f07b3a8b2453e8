#include "server/checkpoint_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "server/resource_name.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

/// Steps through `rows` to the end; of every row, the text in its first column.
absl::StatusOr<std::vector<std::string>> AllTexts(Statement& rows) {
  std::vector<std::string> texts;
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool more, rows.Step());
    if (!more) return texts;
    texts.push_back(rows.Bytes(0));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointStore>> CheckpointStore::Open(Database& database,
                                                                       const std::string& folder) {
  TOMOSLAB_RETURN_IF_ERROR(MakeFolder(folder));
  std::unique_ptr<CheckpointStore> store(new CheckpointStore(database, folder));
  TOMOSLAB_RETURN_IF_ERROR(store->RemoveStrays());
  return store;
}

/// "jobs/7/checkpoints/2-150" lies in 7-2-150.h5.
std::string CheckpointStore::PathOf(const std::string& name) const {
  return absl::StrFormat("%s/%s.h5", folder_,
                         absl::StrReplaceAll(name, {{"jobs/", ""}, {"/checkpoints/", "-"}}));
}

absl::Status CheckpointStore::RemoveStrays() {
  std::set<std::string> kept;
  {
    Transaction transaction(database_);
    TOMOSLAB_RETURN_IF_ERROR(
        transaction
            .Prepare(
                "DELETE FROM checkpoints WHERE job NOT IN (SELECT id FROM jobs WHERE state < ?)")
            .Bind(v1::SUCCEEDED)
            .Run());
    {
      Statement rows = transaction.Prepare("SELECT name FROM checkpoints");
      TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<std::string> names, AllTexts(rows));
      for (const std::string& name : names) kept.insert(PathOf(name));
    }
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesIn(folder_));
  for (const std::string& file : files) {
    if (kept.count(file) == 0) TOMOSLAB_RETURN_IF_ERROR(RemoveFile(file));
  }
  return absl::OkStatus();
}

absl::StatusOr<CheckpointFile> CheckpointStore::Create(const v1::Checkpoint& checkpoint) {
  const std::string path = PathOf(checkpoint.name());
  TOMOSLAB_RETURN_IF_ERROR(CheckpointFile::Create(path, checkpoint));
  absl::StatusOr<CheckpointFile> file = CheckpointFile::Open(path, checkpoint);
  if (!file.ok()) Discard(checkpoint);
  return file;
}

absl::Status CheckpointStore::Commit(const std::string& job, const v1::Checkpoint& checkpoint) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(job));
  std::vector<std::string> dropped;
  {
    Transaction transaction(database_);
    TOMOSLAB_RETURN_IF_ERROR(
        transaction
            .Prepare("INSERT INTO checkpoints (job, name, message, bytes) VALUES (?, ?, ?, ?)")
            .Bind(id)
            .Bind(checkpoint.name())
            .BindBlob(checkpoint.SerializeAsString())
            .Bind(StateBytes(checkpoint))
            .Run());
    {
      Statement old = transaction.Prepare(
          "DELETE FROM checkpoints WHERE job = ?1 AND id NOT IN (SELECT id FROM checkpoints WHERE "
          "job = ?1 ORDER BY id DESC LIMIT ?2) RETURNING name");
      old.Bind(id).Bind(kCheckpointsKept);
      TOMOSLAB_ASSIGN_OR_RETURN(dropped, AllTexts(old));
    }
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  }
  for (const std::string& name : dropped) TOMOSLAB_RETURN_IF_ERROR(RemoveFile(PathOf(name)));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Checkpoint>> CheckpointStore::List(const std::string& job) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(job));
  std::vector<v1::Checkpoint> checkpoints;
  Transaction transaction(database_, Durability::kSoon);
  Statement rows =
      transaction.Prepare("SELECT message FROM checkpoints WHERE job = ? ORDER BY id DESC");
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<std::string> messages, AllTexts(rows.Bind(id)));
  for (const std::string& message : messages) {
    if (!checkpoints.emplace_back().ParseFromString(message)) {
      return absl::DataLossError(absl::StrFormat("an entry of %s's checkpoints is damaged", job));
    }
  }
  return checkpoints;
}

absl::StatusOr<CheckpointFile> CheckpointStore::Open(const std::string& job,
                                                     const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::vector<v1::Checkpoint> checkpoints, List(job));
  for (const v1::Checkpoint& checkpoint : checkpoints) {
    if (checkpoint.name() == name) return CheckpointFile::Open(PathOf(name), checkpoint);
  }
  return absl::NotFoundError(
      absl::StrFormat("%s has no checkpoint \"%s\"", job, name.substr(0, 100)));
}

absl::StatusOr<bool> CheckpointStore::Forget(const std::string& job, const std::string& name) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(job));
  bool counted = false;
  {
    Transaction transaction(database_);
    TOMOSLAB_RETURN_IF_ERROR(
        transaction.Prepare("DELETE FROM checkpoints WHERE job = ? AND name = ?")
            .Bind(id)
            .Bind(name)
            .Run());
    counted = transaction.ChangedRows() > 0;
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  }
  if (counted) TOMOSLAB_RETURN_IF_ERROR(RemoveFile(PathOf(name)));
  return counted;
}

absl::Status CheckpointStore::RemoveAll(const std::string& job) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t id, JobId(job));
  std::vector<std::string> names;
  {
    Transaction transaction(database_, Durability::kSoon);
    {
      Statement rows = transaction.Prepare("DELETE FROM checkpoints WHERE job = ? RETURNING name");
      TOMOSLAB_ASSIGN_OR_RETURN(names, AllTexts(rows.Bind(id)));
    }
    TOMOSLAB_RETURN_IF_ERROR(transaction.Commit());
  }
  for (const std::string& name : names) TOMOSLAB_RETURN_IF_ERROR(RemoveFile(PathOf(name)));
  return absl::OkStatus();
}

void CheckpointStore::Discard(const v1::Checkpoint& checkpoint) const {
  RemoveFile(PathOf(checkpoint.name())).IgnoreError();
}

}  // namespace tomoslab
