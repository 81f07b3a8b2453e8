// A scan on disk: a Data Exchange file that is laid out once and filled in place.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/data_file.h"
#include "tomoslab/v1/scan.pb.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// The bytes of a scan's arrays. Lines are detector rows: line = frame · rows + row (scan.proto).
/// Thread-safe.
class ScanFile {
 public:
  /// Lays out `path` for a valid scan: /exchange/data, data_white, data_dark (reserved, unwritten),
  /// theta (degrees), geometry as attributes of /geometry. ResourceExhausted: no room on the disk,
  /// with the figures.
  static absl::Status Create(const std::string& path, const v1::Scan& scan);
  static absl::StatusOr<ScanFile> Open(const std::string& path, const v1::Scan& scan);

  std::int64_t LineCount(v1::FrameKind kind) const { return Array(kind).bytes / bytes_per_line_; }
  std::int64_t bytes_per_line() const { return bytes_per_line_; }
  int rows() const { return rows_; }

  /// `lines` must lie inside the scan; `data` holds lines.size() · bytes_per_line() bytes.
  absl::Status Read(v1::FrameKind kind, IndexRange lines, char* data) const;
  absl::Status Write(v1::FrameKind kind, IndexRange lines, const char* data) const;
  absl::Status Sync() const { return file_.Sync(); }
  bool failed() const { return file_.failed(); }

 private:
  ScanFile(DataFile file, const v1::Scan& scan);
  Extent& Array(v1::FrameKind kind) { return arrays_[kind - v1::FRAME_KIND_PROJECTION]; }
  const Extent& Array(v1::FrameKind kind) const {
    return arrays_[kind - v1::FRAME_KIND_PROJECTION];
  }
  DataFile file_;
  Extent arrays_[3];
  std::int64_t bytes_per_line_;
  int rows_;
};

/// The three kinds of frames, in the order of their numbers.
inline constexpr v1::FrameKind kFrameKinds[] = {v1::FRAME_KIND_PROJECTION, v1::FRAME_KIND_FLAT,
                                                v1::FRAME_KIND_DARK};

/// Drops what grows with the number of views: geometry.circular.angle_deg and
/// geometry.vectors.value.
void ClearLongFields(v1::Scan* scan);

/// "views", "flats", "darks".
const char* PluralOf(v1::FrameKind kind);

}  // namespace tomoslab
