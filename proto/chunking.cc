#include "proto/chunking.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "worker/core/crc32c.h"

namespace tomoslab {
namespace {

struct ChunkView {
  std::int64_t first_line, line_count;
  const std::string& data;
  std::uint32_t crc32c;
};

absl::Status Check(const ChunkView& chunk, std::int64_t bytes_per_line, std::int64_t total_lines) {
  if (chunk.first_line < 0 || chunk.line_count < 1 || chunk.first_line >= total_lines ||
      chunk.line_count > total_lines - chunk.first_line) {
    return absl::OutOfRangeError(
        absl::StrFormat("chunk of %d lines from line %d lies outside the %d lines there are",
                        chunk.line_count, chunk.first_line, total_lines));
  }
  const auto size = static_cast<std::int64_t>(chunk.data.size());
  if (size % bytes_per_line != 0 || size / bytes_per_line != chunk.line_count) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "chunk of %d lines from line %d holds %d bytes; %d bytes per line were expected",
        chunk.line_count, chunk.first_line, size, bytes_per_line));
  }
  if (size > kMaxChunkBytes && chunk.line_count > 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "chunk of %d bytes is larger than the limit of %d bytes", size, kMaxChunkBytes));
  }
  if (const std::uint32_t actual = Crc32c(chunk.data.data(), chunk.data.size());
      actual != chunk.crc32c) {
    return absl::DataLossError(
        absl::StrFormat("chunk of %d lines from line %d was damaged on the way: its crc32c is "
                        "%08x, its sender said %08x; send it again",
                        chunk.line_count, chunk.first_line, actual, chunk.crc32c));
  }
  return absl::OkStatus();
}

}  // namespace

std::int64_t LinesPerChunk(std::int64_t bytes_per_line) {
  return std::max<std::int64_t>(1, kMaxChunkBytes / std::max<std::int64_t>(1, bytes_per_line));
}

void FillChunk(std::int64_t first_line, std::int64_t bytes_per_line, std::string_view data,
               v1::ProjectionChunk* chunk) {
  chunk->set_first_line(first_line);
  chunk->set_line_count(static_cast<std::int64_t>(data.size()) / bytes_per_line);
  chunk->set_crc32c(Crc32c(data.data(), data.size()));
  chunk->set_data(data.data(), data.size());
}

void FillChunk(std::int64_t first_line, std::int64_t bytes_per_line, std::string_view data,
               v1::VolumeChunk* chunk) {
  chunk->set_first_line(first_line);
  chunk->set_line_count(static_cast<std::int64_t>(data.size()) / bytes_per_line);
  chunk->set_crc32c(Crc32c(data.data(), data.size()));
  chunk->set_data(data.data(), data.size());
}

void FillChunk(std::int64_t first_line, std::int64_t bytes_per_line, std::string_view data,
               v1::PreviewChunk* chunk) {
  chunk->set_first_row(static_cast<std::int32_t>(first_line));
  chunk->set_row_count(
      static_cast<std::int32_t>(static_cast<std::int64_t>(data.size()) / bytes_per_line));
  chunk->set_crc32c(Crc32c(data.data(), data.size()));
  chunk->set_data(data.data(), data.size());
}

absl::Status CheckChunk(const v1::ProjectionChunk& chunk, std::int64_t bytes_per_line,
                        std::int64_t total_lines) {
  return Check({chunk.first_line(), chunk.line_count(), chunk.data(), chunk.crc32c()},
               bytes_per_line, total_lines);
}
absl::Status CheckChunk(const v1::VolumeChunk& chunk, std::int64_t bytes_per_line,
                        std::int64_t total_lines) {
  return Check({chunk.first_line(), chunk.line_count(), chunk.data(), chunk.crc32c()},
               bytes_per_line, total_lines);
}
absl::Status CheckChunk(const v1::PreviewChunk& chunk, std::int64_t bytes_per_line,
                        std::int64_t total_lines) {
  return Check({chunk.first_row(), chunk.row_count(), chunk.data(), chunk.crc32c()}, bytes_per_line,
               total_lines);
}

}  // namespace tomoslab
