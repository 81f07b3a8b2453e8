// The database after bits of it have flipped: what is damaged says so, and hides nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/token_store.h"
#include "tests/server/status_of.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

class DamagedRowsTest : public testing::Test {
 protected:
  void Overwrite(const char* sql, std::string_view bytes) {
    Transaction transaction(stores_.database());
    ASSERT_TRUE(transaction.Prepare(sql).BindBlob(bytes).Run().ok());
    ASSERT_EQ(transaction.ChangedRows(), 1);
    ASSERT_TRUE(transaction.Commit().ok());
  }
  int Listed() { return stores_.scans().List({}, {})->scan_size(); }

  TestStores stores_;
};

TEST_F(DamagedRowsTest, AScanThatCannotBeParsedIsAloneInThat) {
  const v1::Scan good = stores_.FullScan(), bad = stores_.FullScan();
  Overwrite("UPDATE scans SET summary = ? WHERE id = 2", "\xff\xff");
  EXPECT_EQ(CodeOf(stores_.scans().Get(bad.name())), kDataLoss);
  EXPECT_TRUE(stores_.scans().Get(good.name()).ok());
  EXPECT_EQ(Listed(), 1);
}

TEST_F(DamagedRowsTest, SizesThatCannotBeAreNotComputedWith) {
  const v1::Scan scan = stores_.EmptyScan();
  for (const int rows : {0, -1, 1 << 30}) {
    v1::ScanGeometry geometry = scan.geometry();
    geometry.mutable_detector()->set_rows(rows);
    Overwrite("UPDATE scans SET geometry = ? WHERE id = 1", geometry.SerializeAsString());
    EXPECT_EQ(CodeOf(stores_.scans().Get(scan.name())), kDataLoss);
    EXPECT_EQ(CodeOf(stores_.scans().Use(scan.name())), kDataLoss);
    EXPECT_EQ(CodeOf(stores_.scans().Missing(scan.name())), kDataLoss);  // divides by them
  }
}

TEST_F(DamagedRowsTest, AJobThatCannotBeIsLeftOutOfTheQueue) {
  const std::string scan = stores_.FullScan().name();
  const v1::Job good = stores_.Job(SampleJob(scan)), bad = stores_.Job(SampleJob(scan));
  v1::Job without_volume = bad;
  without_volume.mutable_spec()->mutable_volume()->set_slices(0);
  for (const std::string& bytes : {std::string("\xff"), without_volume.SerializeAsString()}) {
    Overwrite("UPDATE jobs SET job = ? WHERE id = 2", bytes);
    EXPECT_EQ(CodeOf(stores_.jobs().Get(bad.name())), kDataLoss);
    QueuePlace front;
    const std::vector<v1::Job> queued = *stores_.jobs().ReadyAfter(&front);
    ASSERT_EQ(queued.size(), 1u);
    EXPECT_EQ(queued[0].name(), good.name());
    EXPECT_EQ(stores_.jobs().List({})->job_size(), 1);
  }
}

TEST_F(DamagedRowsTest, APreviewWithoutPixelsTakesNoMemory) {
  const std::string job = stores_.Job(SampleJob(stores_.FullScan().name())).name();
  v1::PreviewReady preview;
  preview.set_plane(v1::AXIAL);
  preview.set_rows(-5);
  preview.set_columns(1 << 30);
  ASSERT_TRUE(stores_.previews().Add(job, preview).ok());
  v1::ReadPreviewRequest request;
  request.set_job(job);
  EXPECT_EQ(CodeOf(stores_.previews().Find(request)), kDataLoss);
}

TEST_F(DamagedRowsTest, ATokenThatIsDamagedIsRefusedAndTheOthersAreNot) {
  v1::Token wanted;
  wanted.set_role(v1::ROLE_VIEWER);
  wanted.set_user("ann");
  std::string first, second;
  {
    const auto tokens = *TokenStore::Open(stores_.database());
    first = tokens->Create(wanted)->secret();
    second = tokens->Create(wanted)->secret();
  }
  Overwrite("UPDATE tokens SET token = ? WHERE id = 1", "\xff");
  const auto tokens = TokenStore::Open(stores_.database());
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(CodeOf((*tokens)->Authenticate(first)), kUnauthenticated);
  EXPECT_TRUE((*tokens)->Authenticate(second).ok());
}

}  // namespace
}  // namespace tomoslab
