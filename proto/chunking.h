// Arrays ↔ chunk messages: size limit, line numbers, checksums.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "tomoslab/v1/job.pb.h"
#include "tomoslab/v1/scan.pb.h"

namespace tomoslab {

inline constexpr std::int64_t kMaxChunkBytes = 1 << 20;

/// How many lines of `bytes_per_line` go into one chunk; at least 1 (65536 columns of float32 are
/// 256 KiB).
std::int64_t LinesPerChunk(std::int64_t bytes_per_line);

/// Sets first_line (first_row), line_count (row_count), data and crc32c. `data`: whole lines.
void FillChunk(std::int64_t first_line, std::int64_t bytes_per_line, std::string_view data,
               v1::ProjectionChunk* chunk);
void FillChunk(std::int64_t first_line, std::int64_t bytes_per_line, std::string_view data,
               v1::VolumeChunk* chunk);
void FillChunk(std::int64_t first_line, std::int64_t bytes_per_line, std::string_view data,
               v1::PreviewChunk* chunk);

/// DataLoss: crc32c differs. OutOfRange: lines outside [0, total_lines). InvalidArgument: size of
/// data is not line_count · bytes_per_line, or above kMaxChunkBytes (unless it is a single line).
absl::Status CheckChunk(const v1::ProjectionChunk& chunk, std::int64_t bytes_per_line,
                        std::int64_t total_lines);
absl::Status CheckChunk(const v1::VolumeChunk& chunk, std::int64_t bytes_per_line,
                        std::int64_t total_lines);
absl::Status CheckChunk(const v1::PreviewChunk& chunk, std::int64_t bytes_per_line,
                        std::int64_t total_lines);

}  // namespace tomoslab
