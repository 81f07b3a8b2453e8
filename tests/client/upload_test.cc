#include "client/upload.h"

#include <cstring>

#include <gtest/gtest.h>

#include "client/scan_file.h"
#include "tests/client/fake_reconstruction_service.h"

namespace tomoslab {
namespace {

// A scan whose bytes are a function of their place, made when they are read: nothing holds it.
class MadeUpReader final : public ProjectionReader {
 public:
  MadeUpReader(int views, int rows, int columns) {
    CircularOrbit orbit;
    orbit.beam = Beam::kParallel;
    for (int k = 0; k < views; ++k) orbit.angle_rad.push_back(0.01 * k);
    description_.scan = *MakeCircularScan({rows, columns, 1, 1}, orbit);
    description_.sample_type = SampleType::kUint16;
    description_.flat_count = 2;
    description_.dark_count = 1;
  }
  absl::Status ReadLines(FrameKind kind, std::int64_t begin, std::int64_t end,
                         absl::Span<std::byte> lines) override {
    if (absl::Status status = CheckRequest(kind, begin, end, lines.size()); !status.ok())
      return status;
    if (kind == FrameKind::kProjection && fail_from_line >= 0 && end > fail_from_line)
      return absl::DataLossError("the file is damaged");
    const std::int64_t bytes = description_.BytesPerLine();
    for (std::size_t i = 0; i < lines.size(); ++i)
      lines[i] = Byte(kind, begin * bytes + static_cast<std::int64_t>(i));
    return absl::OkStatus();
  }
  static std::byte Byte(FrameKind kind, std::int64_t place) {
    return static_cast<std::byte>((place * 31 + place / 257 + static_cast<int>(kind)) & 255);
  }
  std::int64_t fail_from_line = -1;
};

class UploadTest : public testing::Test {
 protected:
  void Start(int views = 40, int rows = 50,
             int columns = 1000) {  // lines of 2000 bytes, 524 per chunk, 4 chunks of projections
    reader_ = std::make_unique<MadeUpReader>(views, rows, columns);
    service_.scan = ToProto(reader_->description(), "made_up");
    service_.scan.set_name("scans/1");
    options_.retry = {
        .first_wait_seconds = 0.001, .longest_wait_seconds = 0.002, .give_up_after_seconds = 0.5};
  }
  absl::Status Upload() { return UploadScan(server_.channel(), service_.scan, *reader_, options_); }
  void ExpectAllThere() {
    for (const auto& [kind, reader_kind] :
         {std::pair{v1::FRAME_KIND_PROJECTION, FrameKind::kProjection},
          {v1::FRAME_KIND_FLAT, FrameKind::kFlat},
          {v1::FRAME_KIND_DARK, FrameKind::kDark}}) {
      const std::int64_t lines = reader_->description().LineCount(reader_kind);
      EXPECT_TRUE(service_.received[kind].Missing({0, lines}).empty());
      const std::string& data = service_.data[kind];
      ASSERT_EQ(static_cast<std::int64_t>(data.size()),
                lines * reader_->description().BytesPerLine());
      for (std::size_t i = 0; i < data.size(); ++i) {
        ASSERT_EQ(static_cast<std::byte>(data[i]),
                  MadeUpReader::Byte(reader_kind, static_cast<std::int64_t>(i)))
            << i;
      }
    }
  }

  FakeReconstructionService service_;
  FakeServer server_{&service_};
  std::unique_ptr<MadeUpReader> reader_;
  UploadOptions options_;
};

TEST_F(UploadTest, SendsEverythingOnceInChunksOfAtMostOneMiB) {
  Start();
  std::int64_t last = -1, total = 0;
  options_.on_progress = [&](const UploadProgress& progress) {
    EXPECT_GE(progress.acknowledged_bytes, last);
    last = progress.acknowledged_bytes;
    total = progress.total_bytes;
  };
  const absl::Status status = Upload();
  ASSERT_TRUE(status.ok()) << status;
  ExpectAllThere();
  EXPECT_EQ(service_.bytes, (40 + 2 + 1) * 50 * 2000);
  EXPECT_LE(service_.largest_chunk, 1 << 20);
  EXPECT_EQ(service_.streams, 1);
  EXPECT_EQ(last, total);
}

TEST_F(UploadTest, GoesOnAfterEveryCutWithoutSendingAnythingTwice) {
  Start();
  service_.cut_upload_after_chunks = 1;
  const absl::Status status = Upload();
  ASSERT_TRUE(status.ok()) << status;
  ExpectAllThere();
  EXPECT_EQ(service_.bytes, (40 + 2 + 1) * 50 * 2000);
  EXPECT_GE(service_.streams, 6);
}

TEST_F(UploadTest, FillsOnlyTheGaps) {
  Start();
  // Lines 100 to 900 of the projections are there already, as another run of the client left them.
  std::string& there = service_.data[v1::FRAME_KIND_PROJECTION];
  there.resize(40 * 50 * 2000);
  for (std::size_t i = 0; i < there.size(); ++i)
    there[i] =
        static_cast<char>(MadeUpReader::Byte(FrameKind::kProjection, static_cast<std::int64_t>(i)));
  service_.received[v1::FRAME_KIND_PROJECTION].Add({100, 900});
  ASSERT_TRUE(Upload().ok());
  ExpectAllThere();
  EXPECT_EQ(service_.bytes, (43 * 50 - 800) * 2000);
}

TEST_F(UploadTest, SendsNothingWhenAllIsThere) {
  Start();
  ASSERT_TRUE(Upload().ok());
  const std::int64_t bytes = service_.bytes;
  ASSERT_TRUE(Upload().ok());
  EXPECT_EQ(service_.bytes, bytes);
  EXPECT_EQ(service_.streams, 1);
}

TEST_F(UploadTest, SendsADamagedChunkAgain) {
  Start();
  service_.corrupt_chunks = 2;
  std::string trouble;
  options_.on_progress = [&](const UploadProgress& progress) { trouble += progress.trouble; };
  ASSERT_TRUE(Upload().ok());
  ExpectAllThere();
  EXPECT_NE(trouble.find("crc32c"), std::string::npos);
}

TEST_F(UploadTest, WaitsForAServerThatComesBack) {
  Start();
  service_.unavailable_calls = 5;
  ASSERT_TRUE(Upload().ok());
  ExpectAllThere();
}

TEST_F(UploadTest, GivesUpWhenNothingMoves) {
  Start();
  options_.retry.give_up_after_seconds = 0.02;
  service_.unavailable_calls = 1'000'000;
  EXPECT_EQ(Upload().code(), absl::StatusCode::kUnavailable);
}

TEST_F(UploadTest, ARefusalEndsItAtOnce) {
  Start();
  service_.refuse_upload = true;
  const absl::Status status = Upload();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(std::string(status.message()).find("disk is full"), std::string::npos);
}

TEST_F(UploadTest, ADamagedFileEndsItAtOnce) {
  Start();
  reader_->fail_from_line = 1000;
  const absl::Status status = Upload();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(std::string(status.message()).find("damaged"), std::string::npos);
  EXPECT_EQ(service_.streams, 1);
}

TEST_F(UploadTest, LongLinesGoAFewAtATime) {
  Start(3, 2, 60000);  // 120,000 bytes a line
  ASSERT_TRUE(Upload().ok());
  ExpectAllThere();
}

TEST(EveryNthView, PicksViewsAndKeepsTheRest) {
  MadeUpReader all(10, 3, 4);
  const auto some = EveryNthView(std::make_unique<MadeUpReader>(10, 3, 4), 4);
  const ScanDescription& d = some->description();
  ASSERT_EQ(d.scan.views.size(), 3u);  // 0, 4, 8
  EXPECT_EQ(d.scan.views[2], all.description().scan.views[8]);
  EXPECT_EQ(d.scan.orbit->angle_rad.size(), 3u);
  std::vector<std::byte> picked(4 * 8), expected(4 * 8);
  ASSERT_TRUE(some->ReadLines(FrameKind::kProjection, 2, 6, absl::MakeSpan(picked)).ok());
  ASSERT_TRUE(all.ReadLines(FrameKind::kProjection, 2, 3, absl::MakeSpan(expected).first(8)).ok());
  ASSERT_TRUE(
      all.ReadLines(FrameKind::kProjection, 12, 15, absl::MakeSpan(expected).subspan(8)).ok());
  EXPECT_EQ(picked, expected);
  EXPECT_EQ(d.flat_count, 2);
}

}  // namespace
}  // namespace tomoslab
