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
    R"(CREATE TABLE IF NOT EXISTS scan_groups (
      scan INTEGER NOT NULL REFERENCES scans(id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      PRIMARY KEY (scan, name)) WITHOUT ROWID)",
    R"(CREATE TABLE IF NOT EXISTS job_owners (
      job INTEGER PRIMARY KEY REFERENCES jobs(id) ON DELETE CASCADE,
      owner TEXT NOT NULL,
      bytes INTEGER NOT NULL))",
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

// What lists and limits would else have to count: the state of jobs beside their owners and groups,
// in order; how much every owner has. Kept by triggers, so that no statement can forget it, and
// entered once into databases that do not have it. job_owners.bytes: of the job's volume,
// checkpoints and previews.
constexpr const char* kTotals[] = {
    "DROP INDEX IF EXISTS scan_owners_by_owner",
    "DROP INDEX IF EXISTS job_owners_by_owner",
    "ALTER TABLE checkpoints ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE job_owners ADD COLUMN state INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE job_groups ADD COLUMN state INTEGER NOT NULL DEFAULT 0",
    R"(UPDATE job_owners SET
      state = (SELECT state FROM jobs WHERE id = job_owners.job),
      bytes = bytes + (SELECT IFNULL(SUM(4 * rows * columns), 0) FROM previews
                       WHERE previews.job = job_owners.job))",
    "UPDATE job_groups SET state = (SELECT state FROM jobs WHERE id = job_groups.job)",
    "CREATE INDEX jobs_in_order ON jobs (state, id)",
    "CREATE INDEX job_owners_in_order ON job_owners (owner, state, job)",
    "CREATE INDEX job_groups_in_order ON job_groups (name, state, job)",
    "CREATE INDEX scan_owners_in_order ON scan_owners (owner, scan)",
    "CREATE INDEX scan_groups_in_order ON scan_groups (name, scan)",
    R"(CREATE TABLE owner_totals (
      owner TEXT PRIMARY KEY,
      bytes INTEGER NOT NULL,
      queued INTEGER NOT NULL) WITHOUT ROWID)",
    R"(INSERT INTO owner_totals SELECT owner, SUM(bytes), SUM(queued) FROM (
      SELECT owner, bytes, 0 AS queued FROM scan_owners UNION ALL
      SELECT owner, bytes, state = 1 FROM job_owners) GROUP BY owner)",
    R"(CREATE TRIGGER scan_owner_entered AFTER INSERT ON scan_owners BEGIN
      INSERT INTO owner_totals VALUES (NEW.owner, NEW.bytes, 0)
        ON CONFLICT (owner) DO UPDATE SET bytes = bytes + NEW.bytes;
    END)",
    R"(CREATE TRIGGER scan_owner_left AFTER DELETE ON scan_owners BEGIN
      UPDATE owner_totals SET bytes = bytes - OLD.bytes WHERE owner = OLD.owner;
    END)",
    R"(CREATE TRIGGER job_owner_entered AFTER INSERT ON job_owners BEGIN
      INSERT INTO owner_totals VALUES (NEW.owner, NEW.bytes, NEW.state = 1)
        ON CONFLICT (owner) DO UPDATE SET bytes = bytes + NEW.bytes, queued = queued + (NEW.state = 1);
      UPDATE job_owners SET state = (SELECT state FROM jobs WHERE id = NEW.job)
        WHERE job = NEW.job;
    END)",
    R"(CREATE TRIGGER job_owner_changed AFTER UPDATE OF bytes, state ON job_owners BEGIN
      UPDATE owner_totals SET bytes = bytes + NEW.bytes - OLD.bytes,
        queued = queued + (NEW.state = 1) - (OLD.state = 1) WHERE owner = NEW.owner;
    END)",
    R"(CREATE TRIGGER job_owner_left AFTER DELETE ON job_owners BEGIN
      UPDATE owner_totals SET bytes = bytes - OLD.bytes, queued = queued - (OLD.state = 1)
        WHERE owner = OLD.owner;
    END)",
    R"(CREATE TRIGGER job_group_entered AFTER INSERT ON job_groups BEGIN
      UPDATE job_groups SET state = (SELECT state FROM jobs WHERE id = NEW.job)
        WHERE job = NEW.job AND name = NEW.name;
    END)",
    R"(CREATE TRIGGER job_state_changed AFTER UPDATE OF state ON jobs
      WHEN NEW.state <> OLD.state BEGIN
      UPDATE job_owners SET state = NEW.state WHERE job = NEW.id;
      UPDATE job_groups SET state = NEW.state WHERE job = NEW.id;
    END)",
    R"(CREATE TRIGGER preview_entered AFTER INSERT ON previews BEGIN
      UPDATE job_owners SET bytes = bytes + 4 * NEW.rows * NEW.columns WHERE job = NEW.job;
    END)",
    R"(CREATE TRIGGER preview_changed AFTER UPDATE ON previews BEGIN
      UPDATE job_owners SET bytes = bytes + 4 * (NEW.rows * NEW.columns - OLD.rows * OLD.columns)
        WHERE job = NEW.job;
    END)",
    R"(CREATE TRIGGER preview_left AFTER DELETE ON previews BEGIN
      UPDATE job_owners SET bytes = bytes - 4 * OLD.rows * OLD.columns WHERE job = OLD.job;
    END)",
    R"(CREATE TRIGGER checkpoint_entered AFTER INSERT ON checkpoints BEGIN
      UPDATE job_owners SET bytes = bytes + NEW.bytes WHERE job = NEW.job;
    END)",
    R"(CREATE TRIGGER checkpoint_left AFTER DELETE ON checkpoints BEGIN
      UPDATE job_owners SET bytes = bytes - OLD.bytes WHERE job = OLD.job;
    END)",
};

absl::StatusOr<bool> HasTotals(Transaction& transaction) {
  return transaction.Prepare("SELECT 1 FROM sqlite_master WHERE name = 'owner_totals'").Step();
}

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
  TOMOSLAB_ASSIGN_OR_RETURN(const bool totals, HasTotals(transaction));
  if (!totals) {
    for (const char* step : kTotals) TOMOSLAB_RETURN_IF_ERROR(transaction.Prepare(step).Run());
  }
  return transaction.Commit();
}

}  // namespace tomoslab
