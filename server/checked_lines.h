// Lines of equal length in a file, with the crc32c of each beside them: what a disk changes by
// itself is noticed when it is read.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/data_file.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// What the crc32c of a line takes.
inline constexpr std::int64_t kLineChecksumBytes = 4;

/// Thread-safe where nobody writes a line that another one reads or writes.
class CheckedLines {
 public:
  CheckedLines() = default;
  /// checksums: line_count() · kLineChecksumBytes bytes, or none in a file of a program that kept
  /// none; then nothing is checked.
  CheckedLines(Extent values, Extent checksums, std::int64_t bytes_per_line)
      : values_(values), checksums_(checksums), bytes_per_line_(bytes_per_line) {}

  std::int64_t line_count() const {
    return bytes_per_line_ > 0 ? values_.bytes / bytes_per_line_ : 0;
  }

  /// `lines` must lie inside; `data` holds lines.size() · bytes_per_line bytes. DataLoss: a line is
  /// not what was written.
  absl::Status Read(const DataFile& file, IndexRange lines, char* data) const;
  absl::Status Write(const DataFile& file, IndexRange lines, const char* data) const;

 private:
  Extent values_, checksums_;
  std::int64_t bytes_per_line_ = 0;
};

/// Lines of the HDF5 dataset `name`, whose checksums lie in the dataset `checksums`. DataLoss: the
/// file is damaged, or the datasets do not hold `line_count` lines.
absl::StatusOr<CheckedLines> FindCheckedLines(const std::string& path, const std::string& name,
                                              const std::string& checksums, std::int64_t line_count,
                                              std::int64_t bytes_per_line);

}  // namespace tomoslab
