#include "proto/chunking.h"

#include <gtest/gtest.h>

#include <string>

namespace tomoslab {
namespace {

v1::ProjectionChunk GoodChunk() {
  v1::ProjectionChunk chunk;
  chunk.set_kind(v1::FRAME_KIND_PROJECTION);
  FillChunk(7, 10, std::string(30, 'a'), &chunk);
  return chunk;
}

TEST(Chunking, FillsWhatCheckWants) {
  const v1::ProjectionChunk chunk = GoodChunk();
  EXPECT_EQ(chunk.first_line(), 7);
  EXPECT_EQ(chunk.line_count(), 3);
  EXPECT_TRUE(CheckChunk(chunk, 10, 10).ok());
}

TEST(Chunking, FindsDamage) {
  v1::ProjectionChunk chunk = GoodChunk();
  (*chunk.mutable_data())[3] = 'b';
  EXPECT_EQ(CheckChunk(chunk, 10, 10).code(), absl::StatusCode::kDataLoss);
}

TEST(Chunking, RefusesLinesOutside) {
  EXPECT_EQ(CheckChunk(GoodChunk(), 10, 9).code(), absl::StatusCode::kOutOfRange);
  v1::ProjectionChunk chunk = GoodChunk();
  chunk.set_first_line(-1);
  EXPECT_EQ(CheckChunk(chunk, 10, 100).code(), absl::StatusCode::kOutOfRange);
  chunk.set_first_line(1);
  chunk.set_line_count(INT64_MAX);
  EXPECT_EQ(CheckChunk(chunk, 10, 100).code(), absl::StatusCode::kOutOfRange);
}

TEST(Chunking, RefusesWrongAndLargeSizes) {
  EXPECT_EQ(CheckChunk(GoodChunk(), 11, 100).code(), absl::StatusCode::kInvalidArgument);
  v1::ProjectionChunk chunk;
  FillChunk(0, 1 << 20, std::string(2 << 20, 'x'), &chunk);
  EXPECT_EQ(CheckChunk(chunk, 1 << 20, 100).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Chunking, AChunkHoldsAtLeastOneLine) {
  EXPECT_EQ(LinesPerChunk(1 << 19), 2);
  EXPECT_EQ(LinesPerChunk(1 << 22), 1);
}

}  // namespace
}  // namespace tomoslab
