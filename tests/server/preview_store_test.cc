#include "server/preview_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/server/status_of.h"
#include "tests/server/test_stores.h"

namespace tomoslab {
namespace {

class PreviewStoreTest : public testing::Test {
 protected:
  static v1::PreviewChunk Chunk(int iteration, v1::Plane plane, int index, int first_row,
                                int rows) {
    v1::PreviewChunk chunk;
    v1::PreviewReady* preview = chunk.mutable_preview();
    preview->set_iteration(iteration);
    preview->set_plane(plane);
    preview->set_index(index);
    preview->set_rows(4);
    preview->set_columns(3);
    const std::vector<float> pixels(static_cast<std::size_t>(rows) * 3,
                                    static_cast<float>(iteration));
    FillChunk(first_row, 12,
              {reinterpret_cast<const char*>(pixels.data()), pixels.size() * sizeof(float)},
              &chunk);
    return chunk;
  }
  absl::StatusOr<v1::PreviewChunk> Read(int iteration, v1::Plane plane,
                                        std::optional<int> index = {}) {
    v1::ReadPreviewRequest request;
    request.set_job(job_.name());
    request.set_iteration(iteration);
    request.set_plane(plane);
    if (index.has_value()) request.set_index(*index);
    absl::StatusOr<PreviewReader> reader = PreviewReader::Open(stores_.previews(), request);
    if (!reader.ok()) return reader.status();
    v1::PreviewChunk chunk;
    EXPECT_TRUE(*reader->Next(&chunk));
    v1::PreviewChunk none;
    EXPECT_FALSE(*reader->Next(&none));
    return chunk;
  }
  TestStores stores_;
  const v1::Job job_ = stores_.Job(SampleJob(stores_.FullScan().name()));
};

TEST_F(PreviewStoreTest, KeepsTheNewestIterationsOfEachPlane) {
  PreviewSession session(stores_.previews(), job_);
  for (int iteration = 1; iteration <= 25; ++iteration) {
    ASSERT_TRUE(session.Write(Chunk(iteration, v1::AXIAL, 2, 0, 1)).ok());
    ASSERT_TRUE(session.Write(Chunk(iteration, v1::AXIAL, 2, 1, 3)).ok());
  }
  ASSERT_TRUE(session.Write(Chunk(1, v1::CORONAL, 5, 0, 4)).ok());
  ASSERT_TRUE(session.Finish().ok());
  stores_.Reopen();
  EXPECT_EQ(Read(0, v1::PLANE_UNSPECIFIED)->preview().iteration(), 25);
  EXPECT_EQ(reinterpret_cast<const float*>(Read(6, v1::AXIAL, 2)->data().data())[11], 6);
  EXPECT_EQ(CodeOf(Read(5, v1::AXIAL)), kNotFound);
  EXPECT_EQ(CodeOf(Read(0, v1::AXIAL, 3)), kNotFound);
  EXPECT_EQ(CodeOf(Read(0, v1::SAGITTAL)), kNotFound);
  EXPECT_TRUE(Read(1, v1::CORONAL, 5).ok());
  const std::filesystem::directory_iterator files(stores_.folder() + "/previews/1");
  EXPECT_EQ(std::distance(begin(files), end(files)), 21);
  ASSERT_TRUE(stores_.previews().RemoveAll(job_.name()).ok());
  EXPECT_EQ(CodeOf(Read(0, v1::AXIAL)), kNotFound);
}

TEST_F(PreviewStoreTest, RefusesImagesThatTheVolumeHasNot) {
  PreviewSession session(stores_.previews(), job_);
  EXPECT_EQ(CodeOf(session.Write(Chunk(1, v1::PLANE_UNSPECIFIED, 0, 0, 4))), kInvalidArgument);
  EXPECT_EQ(CodeOf(session.Write(Chunk(1, v1::AXIAL, 400, 0, 4))), kInvalidArgument);
  EXPECT_EQ(CodeOf(session.Write(Chunk(-1, v1::AXIAL, 0, 0, 4))), kInvalidArgument);
  EXPECT_EQ(CodeOf(session.Write(Chunk(1, v1::AXIAL, 0, 3, 2))), kOutOfRange);
  v1::PreviewChunk damaged = Chunk(1, v1::AXIAL, 0, 0, 4);
  damaged.set_crc32c(5);
  EXPECT_EQ(CodeOf(session.Write(damaged)), kDataLoss);
  ASSERT_TRUE(session.Write(Chunk(1, v1::AXIAL, 0, 0, 2)).ok());
  EXPECT_EQ(CodeOf(session.Finish()), kInvalidArgument);  // rows are missing
  EXPECT_EQ(CodeOf(Read(0, v1::AXIAL)), kNotFound);
}

}  // namespace
}  // namespace tomoslab
