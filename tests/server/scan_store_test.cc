#include "server/scan_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "server/scan_reader.h"
#include "tests/server/status_of.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ScanStoreTest : public testing::Test {
 protected:
  std::vector<IndexRange> Received(const std::string& name, v1::FrameKind kind) {
    std::vector<IndexRange> ranges;
    const v1::Scan scan = *stores_.scans().Get(name);
    for (const v1::ReceivedLines& lines : scan.received()) {
      if (lines.kind() == kind) ranges.push_back({lines.begin(), lines.end()});
    }
    return ranges;
  }
  v1::ProjectionChunk Chunk(const v1::Scan& scan, std::int64_t begin, std::int64_t end) {
    return SampleChunk(scan, v1::FRAME_KIND_PROJECTION, begin, end);
  }
  TestStores stores_;
};

TEST_F(ScanStoreTest, RemembersCommittedLinesOnly) {
  const v1::Scan scan = stores_.EmptyScan();
  {
    auto session = *UploadSession::Open(stores_.scans(), scan.name());
    ASSERT_TRUE(session->Write(Chunk(scan, 0, 3)).ok());
    ASSERT_TRUE(session->Write(Chunk(scan, 5, 9)).ok());
    ASSERT_TRUE(session->Write(Chunk(scan, 3, 5)).ok());
    EXPECT_THAT(Received(scan.name(), v1::FRAME_KIND_PROJECTION), IsEmpty());
    const auto committed = session->Commit();
    ASSERT_TRUE(committed.ok());
    EXPECT_THAT(committed->lines, SizeIs(1));               // one group, merged
    ASSERT_TRUE(session->Write(Chunk(scan, 12, 14)).ok());  // never committed
  }
  stores_.Reopen();
  EXPECT_THAT(Received(scan.name(), v1::FRAME_KIND_PROJECTION), ElementsAre(IndexRange{0, 9}));
}

TEST_F(ScanStoreTest, BecomesCompleteOnce) {
  const v1::Scan scan = stores_.EmptyScan();
  auto session = *UploadSession::Open(stores_.scans(), scan.name());
  int completed = 0;
  for (const v1::ProjectionChunk& chunk : AllChunks(scan)) {
    ASSERT_TRUE(session->Write(chunk).ok());
    completed += session->Commit()->scan_completed;
    ASSERT_TRUE(session->Write(chunk).ok());  // the same again
    completed += session->Commit()->scan_completed;
  }
  EXPECT_EQ(completed, 1);
  EXPECT_TRUE(stores_.scans().Get(scan.name())->complete());
}

TEST_F(ScanStoreTest, NeverOverwritesAcknowledgedLines) {
  const v1::Scan scan = stores_.FullScan();
  auto session = *UploadSession::Open(stores_.scans(), scan.name());
  v1::ProjectionChunk other = Chunk(scan, 0, 2);
  FillChunk(0, 16, std::string(32, '\x7f'), &other);
  ASSERT_TRUE(session->Write(other).ok());
  EXPECT_THAT(session->Commit()->lines, SizeIs(1));
  std::string data(32, ' ');
  const auto open = *stores_.scans().Use(scan.name());
  ASSERT_TRUE(open->file().Read(v1::FRAME_KIND_PROJECTION, {0, 2}, data.data()).ok());
  EXPECT_EQ(data, SampleLines(scan, v1::FRAME_KIND_PROJECTION, 0, 2));
}

TEST_F(ScanStoreTest, RefusesBadChunks) {
  const v1::Scan scan = stores_.EmptyScan();
  auto session = *UploadSession::Open(stores_.scans(), scan.name());
  v1::ProjectionChunk chunk = Chunk(scan, 0, 2);
  chunk.set_crc32c(0);
  EXPECT_EQ(CodeOf(session->Write(chunk)), kDataLoss);
  chunk = Chunk(scan, 0, 2);
  chunk.set_kind(static_cast<v1::FrameKind>(9));
  EXPECT_EQ(CodeOf(session->Write(chunk)), kInvalidArgument);
  chunk = Chunk(scan, 0, 2);
  chunk.set_first_line(-1);
  EXPECT_EQ(CodeOf(session->Write(chunk)), kOutOfRange);
  chunk = Chunk(scan, 0, 2);
  chunk.set_line_count(1);
  EXPECT_EQ(CodeOf(session->Write(chunk)), kInvalidArgument);
  EXPECT_FALSE(session->HasUncommitted());
}

TEST_F(ScanStoreTest, SeveralUploadersShareAScan) {
  const v1::Scan scan = stores_.EmptyScan(SampleScan(60));
  std::vector<std::thread> threads;
  for (int part = 0; part < 4; ++part) {
    threads.emplace_back([&, part] {
      auto session = *UploadSession::Open(stores_.scans(), scan.name());
      for (int line = part; line < 240; line += 4) {
        ASSERT_TRUE(session->Write(Chunk(scan, line, line + 1)).ok());
        if (line % 20 == part) {
          ASSERT_TRUE(session->Commit().ok());
        }
      }
      ASSERT_TRUE(session->Commit().ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Received(scan.name(), v1::FRAME_KIND_PROJECTION), ElementsAre(IndexRange{0, 240}));
}

TEST_F(ScanStoreTest, ListsNewestFirstInPages) {
  for (int i = 0; i < 5; ++i) stores_.EmptyScan();
  v1::ListScansRequest request;
  request.set_page_size(2);
  std::vector<std::string> names;
  do {
    const auto page = stores_.scans().List(request);
    ASSERT_TRUE(page.ok());
    for (const v1::Scan& scan : page->scan()) {
      names.push_back(scan.name());
      EXPECT_EQ(scan.geometry().circular().angle_deg_size(), 0);
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre("scans/5", "scans/4", "scans/3", "scans/2", "scans/1"));
}

TEST_F(ScanStoreTest, DeletesFilesAndNeverReusesNames) {
  const v1::Scan scan = stores_.FullScan();
  EXPECT_TRUE(std::filesystem::exists(stores_.folder() + "/scans/1.h5"));
  auto session = *UploadSession::Open(stores_.scans(), scan.name());
  ASSERT_TRUE(stores_.scans().Delete(scan.name()).ok());
  EXPECT_FALSE(std::filesystem::exists(stores_.folder() + "/scans/1.h5"));
  EXPECT_EQ(CodeOf(stores_.scans().Get(scan.name())), kNotFound);
  ASSERT_TRUE(session->Write(Chunk(scan, 0, 1)).ok());
  EXPECT_EQ(CodeOf(session->Commit()), kNotFound);  // an upload that was still under way
  stores_.Reopen();
  EXPECT_EQ(stores_.EmptyScan().name(), "scans/2");
}

TEST_F(ScanStoreTest, DoesNotDeleteWhatAJobNeeds) {
  const v1::Scan scan = stores_.FullScan();
  const v1::Job job = stores_.Job(SampleJob(scan.name()));
  EXPECT_EQ(CodeOf(stores_.scans().Delete(scan.name())), kFailedPrecondition);
  v1::JobEvent cancelled;
  cancelled.mutable_state_change()->set_state(v1::CANCELLED);
  ASSERT_TRUE(stores_.jobs().Append(job.name(), {cancelled}).ok());
  EXPECT_TRUE(stores_.scans().Delete(scan.name()).ok());
}

TEST_F(ScanStoreTest, CleansUpAnInterruptedCreation) {
  stores_.EmptyScan();
  {
    Transaction transaction(stores_.database());
    ASSERT_TRUE(transaction.Prepare("UPDATE scans SET ready = 0").Run().ok());
    ASSERT_TRUE(transaction.Commit().ok());
  }
  stores_.Reopen();
  EXPECT_FALSE(std::filesystem::exists(stores_.folder() + "/scans/1.h5"));
  EXPECT_EQ(CodeOf(stores_.scans().Get("scans/1")), kNotFound);
}

TEST_F(ScanStoreTest, RefusesBadScansWithoutATrace) {
  v1::CreateScanRequest request;
  *request.mutable_scan() = SampleScan();
  request.mutable_scan()->set_view_count(5);
  EXPECT_EQ(CodeOf(stores_.scans().Create(request)), kInvalidArgument);
  *request.mutable_scan() = SampleScan();
  request.mutable_scan()->mutable_geometry()->mutable_circular()->set_angle_deg(2, NAN);
  EXPECT_EQ(CodeOf(stores_.scans().Create(request)), kInvalidArgument);
  *request.mutable_scan() = SampleScan();
  (*request.mutable_scan()->mutable_provenance())["x"] = std::string(4 << 20, 'x');
  EXPECT_EQ(CodeOf(stores_.scans().Create(request)), kInvalidArgument);
  *request.mutable_scan() = SampleScan(5000, 65536, 65536);  // 40 TiB
  EXPECT_EQ(CodeOf(stores_.scans().Create(request)), kResourceExhausted);
  EXPECT_TRUE(std::filesystem::is_empty(stores_.folder() + "/scans"));
  EXPECT_EQ(stores_.scans().List({})->scan_size(), 0);
}

class ScanReaderTest : public ScanStoreTest {
 protected:
  absl::StatusOr<std::vector<IndexRange>> Read(int frame_begin, int frame_end, int row_begin,
                                               int row_end) {
    v1::FetchProjectionsRequest request;
    request.set_kind(v1::FRAME_KIND_PROJECTION);
    request.set_frame_begin(frame_begin);
    request.set_frame_end(frame_end);
    request.set_row_begin(row_begin);
    request.set_row_end(row_end);
    absl::StatusOr<ScanReader> reader =
        ScanReader::Open(*stores_.scans().Use(scan_.name()), request);
    if (!reader.ok()) return reader.status();
    std::vector<IndexRange> runs;
    v1::ProjectionChunk chunk;
    while (*reader->Next(&chunk)) {
      runs.push_back({chunk.first_line(), chunk.first_line() + chunk.line_count()});
      EXPECT_EQ(chunk.data(),
                SampleLines(scan_, v1::FRAME_KIND_PROJECTION, runs.back().begin, runs.back().end));
    }
    return runs;
  }
  const v1::Scan scan_ = stores_.FullScan();  // 6 views of 4 rows
};

TEST_F(ScanReaderTest, StreamsRowsOfViews) {
  EXPECT_THAT(*Read(1, 4, 2, 4),
              ElementsAre(IndexRange{6, 8}, IndexRange{10, 12}, IndexRange{14, 16}));
  EXPECT_THAT(*Read(1, 4, 0, 4), ElementsAre(IndexRange{4, 16}));  // neighbours: one chunk
  EXPECT_THAT(*Read(1, 4, 2, 2), IsEmpty());
  EXPECT_THAT(*Read(3, 3, 0, 4), IsEmpty());
  EXPECT_EQ(CodeOf(Read(0, 7, 0, 4)), kOutOfRange);
  EXPECT_EQ(CodeOf(Read(0, 6, 3, 5)), kOutOfRange);
  EXPECT_EQ(CodeOf(Read(4, 2, 0, 4)), kOutOfRange);
}

TEST_F(ScanReaderTest, SplitsLongRunsIntoChunks) {
  const v1::Scan scan = stores_.FullScan(SampleScan(2, 100, 8192));  // 16 KiB a line
  v1::FetchProjectionsRequest request;
  request.set_kind(v1::FRAME_KIND_PROJECTION);
  request.set_frame_end(2);
  request.set_row_end(70);
  ScanReader reader = *ScanReader::Open(*stores_.scans().Use(scan.name()), request);
  std::vector<std::int64_t> counts;
  v1::ProjectionChunk chunk;
  while (*reader.Next(&chunk)) counts.push_back(chunk.line_count());
  EXPECT_THAT(counts, ElementsAre(64, 6, 64, 6));
}

}  // namespace
}  // namespace tomoslab
