// Bits of stored files change, and files end early: readers get what was stored, or DataLoss.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "server/plane_reader.h"
#include "server/scan_reader.h"
#include "tests/server/status_of.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void SetContents(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// What a reader of chunks gives in all, or why it stopped.
template <class Chunk, class Reader>
absl::StatusOr<std::string> All(Reader reader) {
  std::string all;
  while (true) {
    Chunk chunk;
    const absl::StatusOr<bool> more = reader.Next(&chunk);
    if (!more.ok()) return more.status();
    if (!*more) return all;
    all += chunk.data();
  }
}

class DamageTest : public testing::Test {
 protected:
  absl::StatusOr<std::string> ReadScan() {
    stores_.Reopen();  // an open scan would have kept its places
    absl::StatusOr<std::shared_ptr<OpenScan>> scan = stores_.scans().Use(scan_.name());
    if (!scan.ok()) return scan.status();
    v1::FetchProjectionsRequest request;
    request.set_kind(v1::FRAME_KIND_PROJECTION);
    request.set_frame_end(6);
    request.set_row_begin(1);
    request.set_row_end(4);
    absl::StatusOr<ScanReader> reader = ScanReader::Open(*scan, request);
    if (!reader.ok()) return reader.status();
    return All<v1::ProjectionChunk>(*std::move(reader));
  }

  absl::StatusOr<std::string> ReadVolume() {
    absl::StatusOr<VolumeFile> file = stores_.volumes().Open(job_);
    if (!file.ok()) return file.status();
    const int slices = file->slices();
    return All<v1::VolumeChunk>(VolumeReader(*std::move(file), {0, slices}));
  }

  /// Of the volume; every line is part of it.
  absl::StatusOr<std::string> ReadSagittalPlane() {
    absl::StatusOr<VolumeFile> file = stores_.volumes().Open(job_);
    if (!file.ok()) return file.status();
    v1::ReadPreviewRequest request;
    request.set_plane(v1::SAGITTAL);
    const auto plane = *PlaneOfVolume(job_.spec().volume(), request);
    return All<v1::PreviewChunk>(PlaneReader(*std::move(file), plane));
  }

  absl::StatusOr<std::string> ReadPreview() {
    v1::ReadPreviewRequest request;
    request.set_job(job_.name());
    absl::StatusOr<PreviewReader> reader = PreviewReader::Open(stores_.previews(), request);
    if (!reader.ok()) return reader.status();
    return All<v1::PreviewChunk>(*std::move(reader));
  }

  void WriteVolume() {
    const auto volume = *stores_.volumes().Begin(job_, scan_);
    const std::int64_t lines = volume->file().line_count();
    std::string data;
    for (std::int64_t i = 0; i < lines * volume->file().bytes_per_line(); ++i)
      data += static_cast<char>(37 * i + i / 256);
    ASSERT_TRUE(volume->Write({0, lines}, data.data()).ok());
  }

  void WritePreview() {
    v1::PreviewChunk chunk;
    v1::PreviewReady* preview = chunk.mutable_preview();
    preview->set_iteration(1);
    preview->set_plane(v1::AXIAL);
    preview->set_rows(4);
    preview->set_columns(3);
    const std::vector<float> pixels(12, 0.25F);
    FillChunk(0, 12, {reinterpret_cast<const char*>(pixels.data()), 48}, &chunk);
    PreviewSession session(stores_.previews(), job_);
    ASSERT_TRUE(session.Write(chunk).ok());
    ASSERT_TRUE(session.Finish().ok());
  }

  /// One bit of every few bytes, and every few lengths.
  void ExpectNoticed(const std::string& path,
                     const std::function<absl::StatusOr<std::string>()>& read) {
    const absl::StatusOr<std::string> expected = read();
    ASSERT_TRUE(expected.ok()) << expected.status();
    const std::string good = Contents(path);
    int noticed = 0;
    const auto judge = [&](const std::string& bytes, std::size_t where) {
      SetContents(path, bytes);
      const absl::StatusOr<std::string> got = read();
      noticed += !got.ok();
      if (got.ok()) {
        EXPECT_TRUE(*got == *expected) << "byte " << where;
      } else {
        EXPECT_EQ(CodeOf(got), kDataLoss) << where << ": " << got.status();
      }
    };
    const std::size_t step = good.size() > 2000 ? 13 : 1;
    for (std::size_t i = 0; i < good.size(); i += step) {
      std::string flipped = good;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << i % 8));
      judge(flipped, i);
    }
    EXPECT_GT(noticed, 0);
    for (std::size_t length = 0; length < good.size(); length += 1 + good.size() / 50)
      judge(good.substr(0, length), length);
    SetContents(path, good);
    EXPECT_TRUE(*read() == *expected);
  }

  TestStores stores_;
  const v1::Scan scan_ = stores_.FullScan();
  const v1::Job job_ = stores_.Job(SampleJob(scan_.name()));
};

TEST_F(DamageTest, OfScansIsNoticed) {
  ExpectNoticed(stores_.folder() + "/scans/1.h5", [this] { return ReadScan(); });
}

TEST_F(DamageTest, OfVolumesIsNoticed) {
  WriteVolume();
  ExpectNoticed(stores_.folder() + "/volumes/1.h5", [this] { return ReadVolume(); });
}

TEST_F(DamageTest, OfVolumesIsNoticedInEveryPlane) {
  WriteVolume();
  ExpectNoticed(stores_.folder() + "/volumes/1.h5", [this] { return ReadSagittalPlane(); });
}

TEST_F(DamageTest, OfPreviewsIsNoticed) {
  WritePreview();
  ExpectNoticed(stores_.folder() + "/previews/1/1-1-0.f32", [this] { return ReadPreview(); });
}

TEST_F(DamageTest, OfEveryByteThatCountsIsNoticed) {
  WriteVolume();
  const std::string path = stores_.folder() + "/volumes/1.h5", good = Contents(path);
  const std::size_t begin = good.find(ReadVolume()->substr(0, 64));
  ASSERT_NE(begin, std::string::npos);
  for (std::size_t i = begin; i < begin + ReadVolume().value().size(); i += 5) {
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    SetContents(path, flipped);
    const absl::StatusOr<std::string> got = ReadVolume();
    ASSERT_EQ(CodeOf(got), kDataLoss) << i;
    EXPECT_NE(got.status().message().find("run its job again"), std::string::npos);
    SetContents(path, good);
  }
}

}  // namespace
}  // namespace tomoslab
