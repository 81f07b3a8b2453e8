#include "server/database.h"

#include <sqlite3.h>

#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr std::chrono::seconds kSoon{1};

absl::StatusCode CodeOf(int error) {
  switch (error & 0xFF) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR:  // the server's disk, for its admin to mend; nothing committed is lost
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return absl::StatusCode::kUnavailable;
    case SQLITE_CONSTRAINT:
      return absl::StatusCode::kAlreadyExists;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status ToStatus(sqlite3* connection, int error) {
  return absl::Status(CodeOf(error), absl::StrFormat("the server's database: %s (SQLite error %d)",
                                                     sqlite3_errmsg(connection), error));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  sqlite3* connection = nullptr;
  const int error =
      sqlite3_open_v2(path.c_str(), &connection,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Database> database(new Database(connection));
  if (error != SQLITE_OK) {
    return absl::Status(CodeOf(error), absl::StrFormat("cannot open the database %s: %s", path,
                                                       sqlite3_errstr(error)));
  }
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, 5000);
  TOMOSLAB_RETURN_IF_ERROR(database->Run("PRAGMA journal_mode = WAL"));
  TOMOSLAB_RETURN_IF_ERROR(database->Run("PRAGMA synchronous = FULL"));
  TOMOSLAB_RETURN_IF_ERROR(database->Run("PRAGMA foreign_keys = ON"));
  return database;
}

Database::~Database() { sqlite3_close_v2(connection_); }

absl::Status Database::Run(const char* sql) {
  const int error = sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
  return error == SQLITE_OK ? absl::OkStatus() : ToStatus(connection_, error);
}

void Database::ChooseSafety(Durability durability) {
  const auto now = std::chrono::steady_clock::now();
  const bool relaxed = durability == Durability::kSoon && now - last_sync_ < kSoon;
  if (!relaxed) last_sync_ = now;
  if (relaxed == relaxed_) return;
  relaxed_ = relaxed;
  // Cannot fail outside a transaction; were it to, the old setting would stay.
  sqlite3_exec(connection_, relaxed ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
               nullptr, nullptr, nullptr);
}

Statement::Statement(sqlite3* connection, const char* sql) : connection_(connection) {
  error_ = sqlite3_prepare_v2(connection, sql, -1, &statement_, nullptr);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Bind(std::int64_t value) {
  if (error_ == SQLITE_OK) error_ = sqlite3_bind_int64(statement_, ++parameters_, value);
  return *this;
}

Statement& Statement::Bind(std::string_view text) {
  if (error_ == SQLITE_OK) {
    error_ = sqlite3_bind_text64(statement_, ++parameters_, text.data(), text.size(),
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  return *this;
}

Statement& Statement::BindBlob(std::string_view bytes) {
  if (error_ == SQLITE_OK) {
    error_ = sqlite3_bind_blob64(statement_, ++parameters_, bytes.data(), bytes.size(),
                                 SQLITE_TRANSIENT);
  }
  return *this;
}

Statement& Statement::BindNull() {
  if (error_ == SQLITE_OK) error_ = sqlite3_bind_null(statement_, ++parameters_);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (error_ != SQLITE_OK) return ToStatus(connection_, error_);
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return ToStatus(connection_, result);
}

absl::Status Statement::Run() {
  while (true) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return absl::OkStatus();
  }
}

std::int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Transaction::Transaction(Database& database, Durability durability)
    : database_(database), lock_(database.mutex_) {
  database_.ChooseSafety(durability);
  begun_ = database_.Run("BEGIN IMMEDIATE");
  open_ = begun_.ok();
}

Transaction::~Transaction() {
  if (open_) sqlite3_exec(database_.connection_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Statement Transaction::Prepare(const char* sql) {
  if (open_) return Statement(database_.connection_, sql);
  return Statement(database_.connection_, sqlite3_extended_errcode(database_.connection_));
}

std::int64_t Transaction::LastInsertedId() const {
  return sqlite3_last_insert_rowid(database_.connection_);
}

std::int64_t Transaction::ChangedRows() const { return sqlite3_changes(database_.connection_); }

absl::Status Transaction::Commit() {
  TOMOSLAB_RETURN_IF_ERROR(begun_);
  TOMOSLAB_RETURN_IF_ERROR(database_.Run("COMMIT"));
  open_ = false;
  return absl::OkStatus();
}

}  // namespace tomoslab
