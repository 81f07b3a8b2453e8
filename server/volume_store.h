// The volumes of jobs: one file each.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/line_ranges.h"
#include "proto/volume_content.h"
#include "server/volume_file.h"

namespace tomoslab {

/// The volume one attempt at a job writes, shared by its ranks. Thread-safe.
class VolumeInProgress {
 public:
  explicit VolumeInProgress(VolumeFile file) : file_(std::move(file)) {}

  const VolumeFile& file() const { return file_; }
  /// Aborted: the attempt is over (Close).
  absl::Status Write(IndexRange lines, const char* data);
  /// Notes lines that are on disk. Returns the slices that have become whole by them.
  std::vector<IndexRange> Finish(const LineRanges& lines);
  /// No write of this attempt reaches the file any more once this returns.
  void Close();

 private:
  const VolumeFile file_;
  std::shared_mutex open_mutex_;  // shared: writing
  bool open_ = true;
  std::mutex mutex_;
  LineRanges lines_, announced_slices_;
};

class VolumeStore {
 public:
  static absl::StatusOr<std::unique_ptr<VolumeStore>> Open(const std::string& folder);

  /// The file for a new attempt, laid out unless an earlier attempt did. ResourceExhausted,
  /// DataLoss.
  absl::StatusOr<std::shared_ptr<VolumeInProgress>> Begin(const v1::Job& job, const v1::Scan& scan);
  absl::StatusOr<VolumeFile> Open(const v1::Job& job) const;
  absl::Status RecordResult(const v1::Job& job, int ranks);
  absl::Status Remove(const std::string& job_name);
  /// The names of the jobs whose volumes are there, whether there are such jobs or not.
  absl::StatusOr<std::vector<std::string>> Jobs() const;

 private:
  explicit VolumeStore(std::string folder) : folder_(std::move(folder)) {}
  absl::StatusOr<std::string> PathOf(const std::string& job_name) const;
  const std::string folder_;
};

/// Streams whole slices of a volume, or of what follows from it, a chunk at a time.
class VolumeReader {
 public:
  /// `slices` must lie inside the volume.
  VolumeReader(VolumeFile file, IndexRange slices, ContentOfVolume content = {})
      : file_(std::move(file)),
        content_(std::move(content)),
        left_{slices.begin * file_.rows(), slices.end * file_.rows()} {}
  /// The next lines in order; false at the end.
  absl::StatusOr<bool> Next(v1::VolumeChunk* chunk);

 private:
  VolumeFile file_;
  ContentOfVolume content_;
  IndexRange left_;
};

}  // namespace tomoslab
