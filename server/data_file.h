// A file whose bytes are read and written in place, from any number of threads.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tomoslab {

/// Bytes [offset, offset + bytes) of a file.
struct Extent {
  std::int64_t offset = 0, bytes = 0;
};

/// Errors name the file. ResourceExhausted: the disk is full. DataLoss: the disk cannot read or
/// write the bytes, or the file ends too early. NotFound.
class DataFile {
 public:
  static absl::StatusOr<DataFile> Open(const std::string& path);
  /// Creates an empty file (or empties an old one).
  static absl::StatusOr<DataFile> Create(const std::string& path);
  DataFile(DataFile&& other) noexcept;
  DataFile& operator=(DataFile&& other) noexcept;
  ~DataFile();

  absl::Status ReadAt(std::int64_t offset, char* data, std::int64_t size) const;
  absl::Status WriteAt(std::int64_t offset, const char* data, std::int64_t size) const;
  /// What was written survives a power failure afterwards.
  absl::Status Sync() const;
  /// Reserves disk space, so that writing there cannot fail for want of it.
  absl::Status Reserve(Extent extent) const;

  const std::string& path() const { return path_; }

 private:
  DataFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_ = -1;
  std::string path_;
};

/// Makes creations, renamings and removals in `folder` survive a power failure.
absl::Status SyncFolder(const std::string& folder);
/// Only its owner may read the file; one that is there is replaced as a whole.
absl::Status WritePrivateFile(const std::string& path, const std::string& text);
/// NotFound is no error.
absl::Status RemoveFile(const std::string& path);
/// Creates the folder and its parents.
absl::Status MakeFolder(const std::string& path);

struct DiskSpace {
  std::int64_t free_bytes = 0, total_bytes = 0;
};
absl::StatusOr<DiskSpace> SpaceOf(const std::string& folder);
/// ResourceExhausted, with the figures, when `bytes` more do not fit in `folder` (a reserve for the
/// database is left).
absl::Status CheckSpace(const std::string& folder, std::int64_t bytes, const std::string& what);

}  // namespace tomoslab
