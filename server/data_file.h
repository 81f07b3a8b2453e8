// A file whose bytes are read and written in place, from any number of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tomoslab {

/// Bytes [offset, offset + bytes) of a file.
struct Extent {
  std::int64_t offset = 0, bytes = 0;
};

/// An operation on a file or folder that failed with errno `error`; names both. ResourceExhausted:
/// the disk is full. Unavailable: the disk fails, is read-only or denies access, or too many files
/// are open, which is for the server's admin to mend; nothing stored is the worse for it. NotFound.
/// Internal: anything else.
absl::Status FileError(int error, const std::string& doing, const std::string& path);

/// Errors as FileError's; DataLoss: the file ends too early.
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
  /// What was written survives a power failure afterwards. Once it has failed it fails for ever:
  /// the kernel tells of bytes that it could not write one time only, to whoever asks first, and
  /// drops them; all that share this object must write again what they have not synced, to another
  /// one.
  absl::Status Sync() const;
  bool failed() const { return failed_; }
  /// Reserves disk space, so that writing there cannot fail for want of it.
  absl::Status Reserve(Extent extent) const;

  const std::string& path() const { return path_; }

 private:
  DataFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_ = -1;
  std::string path_;
  mutable std::atomic<bool> failed_{false};  // a Sync has
};

/// Makes creations, renamings and removals in `folder` survive a power failure.
absl::Status SyncFolder(const std::string& folder);
/// Only its owner may read the file; one that is there is replaced as a whole.
absl::Status WritePrivateFile(const std::string& path, const std::string& text);
/// NotFound is no error.
absl::Status RemoveFile(const std::string& path);
/// The paths of what is in the folder.
absl::StatusOr<std::vector<std::string>> FilesIn(const std::string& folder);
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
