#include "server/checked_lines.h"

#include <cstring>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/hdf5_layout.h"
#include "worker/core/crc32c.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

std::vector<std::uint32_t> ChecksumsOf(const char* data, std::int64_t lines,
                                       std::int64_t bytes_per_line) {
  std::vector<std::uint32_t> checksums(static_cast<std::size_t>(lines));
  for (std::uint32_t& checksum : checksums) {
    checksum = Crc32c(data, static_cast<std::size_t>(bytes_per_line));
    data += bytes_per_line;
  }
  return checksums;
}

}  // namespace

absl::Status CheckedLines::Read(const DataFile& file, IndexRange lines, char* data) const {
  TOMOSLAB_RETURN_IF_ERROR(file.ReadAt(values_.offset + lines.begin * bytes_per_line_, data,
                                       lines.size() * bytes_per_line_));
  if (checksums_.bytes == 0) return absl::OkStatus();
  std::vector<std::uint32_t> kept(static_cast<std::size_t>(lines.size()));
  TOMOSLAB_RETURN_IF_ERROR(file.ReadAt(checksums_.offset + lines.begin * kLineChecksumBytes,
                                       reinterpret_cast<char*>(kept.data()),
                                       lines.size() * kLineChecksumBytes));
  const std::vector<std::uint32_t> actual = ChecksumsOf(data, lines.size(), bytes_per_line_);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] == actual[i]) continue;
    return absl::DataLossError(absl::StrFormat(
        "%s is damaged: the crc32c of line %d is %08x, and %08x was stored", file.path(),
        lines.begin + static_cast<std::int64_t>(i), actual[i], kept[i]));
  }
  return absl::OkStatus();
}

absl::Status CheckedLines::Write(const DataFile& file, IndexRange lines, const char* data) const {
  TOMOSLAB_RETURN_IF_ERROR(file.WriteAt(values_.offset + lines.begin * bytes_per_line_, data,
                                        lines.size() * bytes_per_line_));
  if (checksums_.bytes == 0) return absl::OkStatus();
  const std::vector<std::uint32_t> checksums = ChecksumsOf(data, lines.size(), bytes_per_line_);
  return file.WriteAt(checksums_.offset + lines.begin * kLineChecksumBytes,
                      reinterpret_cast<const char*>(checksums.data()),
                      lines.size() * kLineChecksumBytes);
}

absl::StatusOr<CheckedLines> FindCheckedLines(const std::string& path, const std::string& name,
                                              const std::string& checksums, std::int64_t line_count,
                                              std::int64_t bytes_per_line) {
  const absl::StatusOr<Extent> values = FindArray(path, name, line_count * bytes_per_line);
  if (absl::IsNotFound(values.status()))  // it was there when the file was laid out
    return absl::DataLossError(absl::StrFormat("%s is damaged: no %s", path, name));
  TOMOSLAB_RETURN_IF_ERROR(values.status());
  const absl::StatusOr<Extent> kept = FindArray(path, checksums, line_count * kLineChecksumBytes);
  if (absl::IsNotFound(kept.status())) return CheckedLines(*values, {}, bytes_per_line);
  TOMOSLAB_RETURN_IF_ERROR(kept.status());
  return CheckedLines(*values, *kept, bytes_per_line);
}

}  // namespace tomoslab
