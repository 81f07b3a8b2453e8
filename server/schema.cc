#include "server/schema.h"

#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr int kVersion = 1;

// AUTOINCREMENT: a number is never given twice, so a name never means another scan or job than it
// did before. scans.ready: 0 = its file is being laid out, 1 = usable, 2 = being deleted; 0 and 2
// are cleaned up at the start. received: merged, like LineRanges. slices: merged ranges of finished
// slices.
constexpr const char* kTables[] = {
    R"(CREATE TABLE scans (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      request_id TEXT UNIQUE,
      ready INTEGER NOT NULL,
      complete INTEGER NOT NULL DEFAULT 0,
      summary BLOB NOT NULL,
      geometry BLOB NOT NULL))",
    R"(CREATE TABLE received (
      scan INTEGER NOT NULL REFERENCES scans(id) ON DELETE CASCADE,
      kind INTEGER NOT NULL,
      begin INTEGER NOT NULL,
      end INTEGER NOT NULL,
      PRIMARY KEY (scan, kind, begin)) WITHOUT ROWID)",
    R"(CREATE TABLE jobs (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      request_id TEXT UNIQUE,
      request BLOB NOT NULL,
      scan INTEGER NOT NULL,
      start_job INTEGER,
      priority INTEGER NOT NULL,
      state INTEGER NOT NULL,
      cancel INTEGER NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0,
      job BLOB NOT NULL))",
    "CREATE INDEX jobs_by_state ON jobs (state, priority DESC, id)",
    "CREATE INDEX jobs_by_scan ON jobs (scan)",
    R"(CREATE TABLE events (
      job INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
      sequence INTEGER NOT NULL,
      event BLOB NOT NULL,
      PRIMARY KEY (job, sequence)) WITHOUT ROWID)",
    R"(CREATE TABLE slices (
      job INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
      begin INTEGER NOT NULL,
      end INTEGER NOT NULL,
      PRIMARY KEY (job, begin)) WITHOUT ROWID)",
    R"(CREATE TABLE previews (
      job INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
      iteration INTEGER NOT NULL,
      plane INTEGER NOT NULL,
      slice INTEGER NOT NULL,
      rows INTEGER NOT NULL,
      columns INTEGER NOT NULL,
      PRIMARY KEY (job, plane, iteration, slice)) WITHOUT ROWID)",
};

// Tables that came later and that older programs leave alone. bytes: what the scan or volume takes.
// tokens.hash: of the secret, which nobody keeps. checkpoints: those that count, in the order of
// their ids. losses: of attempts (job_table.h), in place of jobs.failures.
constexpr const char* kLaterTables[] = {
    R"(CREATE TABLE IF NOT EXISTS tokens (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      hash BLOB NOT NULL,
      token BLOB NOT NULL))",
    R"(CREATE TABLE IF NOT EXISTS scan_owners (
      scan INTEGER PRIMARY KEY REFERENCES scans(id) ON DELETE CASCADE,
      owner TEXT NOT NULL,
      bytes INTEGER NOT NULL))",
    "CREATE INDEX IF NOT EXISTS scan_owners_by_owner ON scan_owners (owner, bytes)",
    R"(CREATE TABLE IF NOT EXISTS scan_groups (
      scan INTEGER NOT NULL REFERENCES scans(id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      PRIMARY KEY (scan, name)) WITHOUT ROWID)",
    R"(CREATE TABLE IF NOT EXISTS job_owners (
      job INTEGER PRIMARY KEY REFERENCES jobs(id) ON DELETE CASCADE,
      owner TEXT NOT NULL,
      bytes INTEGER NOT NULL))",
    "CREATE INDEX IF NOT EXISTS job_owners_by_owner ON job_owners (owner, bytes)",
    R"(CREATE TABLE IF NOT EXISTS job_groups (
      job INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      PRIMARY KEY (job, name)) WITHOUT ROWID)",
    R"(CREATE TABLE IF NOT EXISTS checkpoints (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      job INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
      name TEXT NOT NULL UNIQUE,
      message BLOB NOT NULL))",
    R"(CREATE TABLE IF NOT EXISTS losses (
      job INTEGER PRIMARY KEY REFERENCES jobs(id) ON DELETE CASCADE,
      furthest INTEGER NOT NULL,
      last INTEGER NOT NULL,
      same INTEGER NOT NULL,
      stuck INTEGER NOT NULL))",
};

absl::StatusOr<std::int64_t> Version(Transaction& transaction) {
  Statement statement = transaction.Prepare("PRAGMA user_version");
  TOMOSLAB_RETURN_IF_ERROR(statement.Step().status());
  return statement.Int(0);
}

}  // namespace

absl::Status PrepareSchema(Database& database) {
  Transaction transaction(database);
  TOMOSLAB_ASSIGN_OR_RETURN(const std::int64_t version, Version(transaction));
  if (version != kVersion && version != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the data folder has version %d and this tomoslabd reads version %d; use the tomoslabd "
        "that wrote it, or another --data folder",
        version, kVersion));
  }
  if (version == 0) {
    for (const char* table : kTables) {
      TOMOSLAB_RETURN_IF_ERROR(transaction.Prepare(table).Run());
    }
    TOMOSLAB_RETURN_IF_ERROR(
        transaction.Prepare(absl::StrFormat("PRAGMA user_version = %d", kVersion).c_str()).Run());
  }
  for (const char* table : kLaterTables) {
    TOMOSLAB_RETURN_IF_ERROR(transaction.Prepare(table).Run());
  }
  return transaction.Commit();
}

}  // namespace tomoslab
