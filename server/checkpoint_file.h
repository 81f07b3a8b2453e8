// A solver's state on disk: an HDF5 file that is laid out once and filled in place.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/line_ranges.h"
#include "server/data_file.h"
#include "tomoslab/v1/pool.pb.h"

namespace tomoslab {

/// /state/NAME float32 [plane][number] of every part, /crc32c/NAME uint8 [plane][block][4] of its
/// blocks, little endian; /state/values_json: everything else. Thread-safe.
class CheckpointFile {
 public:
  /// Lays out `path` for a description that has been checked (proto/state_chunks.h).
  /// ResourceExhausted: no room on the disk, with the figures.
  static absl::Status Create(const std::string& path, const v1::Checkpoint& checkpoint);
  /// DataLoss: the file is damaged or of another description. NotFound.
  static absl::StatusOr<CheckpointFile> Open(const std::string& path,
                                             const v1::Checkpoint& checkpoint);

  const v1::Checkpoint& checkpoint() const { return checkpoint_; }
  /// `chunk` must have been checked.
  absl::Status Write(const v1::StateChunk& chunk) const;
  /// Fills a chunk whose part, plane and block are set and exist. DataLoss: its bytes are not those
  /// that were written.
  absl::Status Read(v1::StateChunk* chunk) const;
  absl::Status Sync() const { return file_.Sync(); }

 private:
  struct Part {
    Extent values, checksums;
  };
  CheckpointFile(DataFile file, v1::Checkpoint checkpoint)
      : file_(std::move(file)), checkpoint_(std::move(checkpoint)) {}
  std::int64_t OffsetOf(const v1::StateChunk& chunk) const;
  std::int64_t ChecksumOffsetOf(const v1::StateChunk& chunk) const;

  DataFile file_;
  v1::Checkpoint checkpoint_;
  std::vector<Part> parts_;
};

}  // namespace tomoslab
