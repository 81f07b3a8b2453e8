// A thin owner of one SQLite database: one connection, one mutex, statements only inside a
// transaction.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tomoslab {

/// When a committed transaction survives a power failure. Both survive the death of this process.
enum class Durability {
  kNow,   // before Commit returns (fsync)
  kSoon,  // within about a second, or with the next kNow; for the iteration events of fast jobs
};

class Database {
 public:
  /// Opens or creates the file, in WAL mode. Fails: DataLoss (not a database), Unavailable,
  /// ResourceExhausted.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

 private:
  friend class Transaction;
  explicit Database(sqlite3* connection) : connection_(connection) {}
  absl::Status Run(const char* sql);
  void ChooseSafety(Durability durability);

  std::mutex mutex_;
  sqlite3* connection_;
  bool relaxed_ = false;  // PRAGMA synchronous is NORMAL, not FULL
  std::chrono::steady_clock::time_point last_sync_;
};

/// One SQL statement. An error in preparing or binding it appears in Step.
class Statement {
 public:
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  /// Binds the next parameter, from the left.
  Statement& Bind(std::int64_t value);
  Statement& Bind(std::string_view text);
  Statement& BindBlob(std::string_view bytes);
  Statement& BindNull();

  absl::StatusOr<bool> Step();  // true: there is a row
  absl::Status Run();           // steps to the end

  /// Of the current row; columns count from 0.
  std::int64_t Int(int column) const;
  std::string Bytes(int column) const;  // text or blob
  bool IsNull(int column) const;

 private:
  friend class Transaction;
  Statement(sqlite3* connection, const char* sql);
  /// Of a transaction that could not begin.
  Statement(sqlite3* connection, int error) : connection_(connection), error_(error) {}
  sqlite3* connection_;
  sqlite3_stmt* statement_ = nullptr;
  int parameters_ = 0;
  int error_ = 0;
};

/// Holds the database until it ends; rolls back unless committed. Statements must be gone before
/// Commit.
class Transaction {
 public:
  explicit Transaction(Database& database, Durability durability = Durability::kNow);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Where the transaction could not begin, a statement that fails: without one it would be
  /// committed on its own.
  Statement Prepare(const char* sql);
  std::int64_t LastInsertedId() const;
  std::int64_t ChangedRows() const;
  absl::Status Commit();

 private:
  Database& database_;
  std::unique_lock<std::mutex> lock_;
  absl::Status begun_;
  bool open_ = false;
};

}  // namespace tomoslab
