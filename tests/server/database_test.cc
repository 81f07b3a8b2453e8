#include "server/database.h"

#include <gtest/gtest.h>

#include <fstream>

#include "server/schema.h"
#include "tests/server/status_of.h"
#include "tests/server/temporary_folder.h"

namespace tomoslab {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  std::unique_ptr<Database> OpenIt() { return *Database::Open(path_); }
  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/test.db";
};

std::int64_t Count(Database& database) {
  Transaction transaction(database);
  Statement row = transaction.Prepare("SELECT COUNT(*) FROM numbers");
  return *row.Step() ? row.Int(0) : -1;
}

absl::Status Insert(Database& database, int number, Durability durability, bool commit) {
  Transaction transaction(database, durability);
  const absl::Status done =
      transaction.Prepare("INSERT INTO numbers VALUES (?)").Bind(number).Run();
  return done.ok() && commit ? transaction.Commit() : done;
}

TEST_F(DatabaseTest, KeepsWhatWasCommittedAndNothingElse) {
  auto database = OpenIt();
  {
    Transaction transaction(*database);
    ASSERT_TRUE(transaction.Prepare("CREATE TABLE numbers (n INTEGER UNIQUE)").Run().ok());
    ASSERT_TRUE(transaction.Commit().ok());
  }
  EXPECT_TRUE(Insert(*database, 1, Durability::kNow, true).ok());
  EXPECT_TRUE(Insert(*database, 2, Durability::kSoon, true).ok());
  EXPECT_TRUE(Insert(*database, 3, Durability::kNow, false).ok());
  EXPECT_EQ(CodeOf(Insert(*database, 1, Durability::kNow, true)), kAlreadyExists);
  EXPECT_EQ(Count(*database), 2);
  database.reset();
  EXPECT_EQ(Count(*OpenIt()), 2);
}

TEST_F(DatabaseTest, ReportsBadSqlAndBadFiles) {
  {
    auto database = OpenIt();
    Transaction transaction(*database);
    EXPECT_EQ(CodeOf(transaction.Prepare("SELECT nonsense FROM nowhere").Run()), kInternal);
  }
  const std::string other = folder_.path() + "/other.db";
  std::ofstream(other) << std::string(4096, 'x');
  EXPECT_EQ(CodeOf(Database::Open(other)), kDataLoss);
  EXPECT_EQ(CodeOf(Database::Open(folder_.path() + "/no/such/folder.db")), kUnavailable);
}

TEST_F(DatabaseTest, RefusesADataFolderOfAnotherVersion) {
  auto database = OpenIt();
  ASSERT_TRUE(PrepareSchema(*database).ok());
  ASSERT_TRUE(PrepareSchema(*database).ok());  // again: nothing to do
  {
    Transaction transaction(*database);
    ASSERT_TRUE(transaction.Prepare("PRAGMA user_version = 99").Run().ok());
    ASSERT_TRUE(transaction.Commit().ok());
  }
  EXPECT_EQ(CodeOf(PrepareSchema(*database)), kFailedPrecondition);
}

}  // namespace
}  // namespace tomoslab
