// A job's volume on disk: an HDF5 file that is laid out once and filled in place.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/checked_lines.h"
#include "server/data_file.h"
#include "tomoslab/v1/job.pb.h"
#include "tomoslab/v1/scan.pb.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// What a volume takes on disk.
std::int64_t VolumeBytes(const v1::VolumeGeometry& volume);

/// /exchange/data [slice][row][column] float32, 1/mm. Lines are rows of slices: line = slice · rows
/// + row. /crc32c/data uint8 [line][4]. Thread-safe.
class VolumeFile {
 public:
  /// Lays out `path` for job.spec().volume(), with where it comes from as attributes of
  /// /process/tomoslab. ResourceExhausted: no room on the disk, with the figures.
  static absl::Status Create(const std::string& path, const v1::Job& job, const v1::Scan& scan);
  static absl::StatusOr<VolumeFile> Open(const std::string& path, const v1::VolumeGeometry& volume);
  /// Writes what is known only at the end: iterations, relative residual, ranks.
  static absl::Status RecordResult(const std::string& path, const v1::IterationReport& last,
                                   int ranks);

  std::int64_t bytes_per_line() const { return bytes_per_line_; }
  std::int64_t line_count() const { return std::int64_t{rows_} * slices_; }
  int rows() const { return rows_; }
  int slices() const { return slices_; }

  /// `lines` must lie inside the volume; `data` holds lines.size() · bytes_per_line() bytes.
  /// DataLoss: a line is not what was written; names its slice.
  absl::Status Read(IndexRange lines, char* data) const;
  absl::Status Write(IndexRange lines, const char* data) const {
    return lines_.Write(file_, lines, data);
  }
  absl::Status Sync() const { return file_.Sync(); }

 private:
  VolumeFile(DataFile file, const CheckedLines& lines, const v1::VolumeGeometry& volume);
  DataFile file_;
  CheckedLines lines_;
  int rows_, slices_;
  std::int64_t bytes_per_line_;
};

}  // namespace tomoslab
