// Preview images: small float32 files with a row each; the newest iterations are kept.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/line_ranges.h"
#include "server/data_file.h"
#include "server/database.h"
#include "tomoslab/v1/reconstruction.pb.h"

namespace tomoslab {

inline constexpr int kPreviewIterationsKept = 20;  // per job and plane

/// InvalidArgument: no slice of such a volume looks like this. A preview may be coarser than the
/// volume, not finer.
absl::Status CheckPreview(const v1::PreviewReady& preview, const v1::VolumeGeometry& volume);

class PreviewStore {
 public:
  static absl::StatusOr<std::unique_ptr<PreviewStore>> Open(Database& database,
                                                            const std::string& folder);

  /// Enters a preview whose file is complete, and drops what is older than the iterations kept.
  absl::Status Add(const std::string& job, const v1::PreviewReady& preview);
  /// The preview that a request names; NotFound.
  absl::StatusOr<v1::PreviewReady> Find(const v1::ReadPreviewRequest& request);
  absl::Status RemoveAll(const std::string& job);

  absl::StatusOr<std::string> PathOf(const std::string& job, const v1::PreviewReady& preview) const;
  absl::Status MakeFolderOf(const std::string& job) const;

 private:
  PreviewStore(Database& database, std::string folder)
      : database_(database), folder_(std::move(folder)) {}
  Database& database_;
  const std::string folder_;
};

/// Streams one preview, a chunk of rows at a time.
class PreviewReader {
 public:
  static absl::StatusOr<PreviewReader> Open(PreviewStore& store,
                                            const v1::ReadPreviewRequest& request);
  absl::StatusOr<bool> Next(v1::PreviewChunk* chunk);

 private:
  PreviewReader(DataFile file, const v1::PreviewReady& preview)
      : file_(std::move(file)), preview_(preview) {}
  DataFile file_;
  v1::PreviewReady preview_;
  int next_row_ = 0;
};

/// Receives the previews of one call. A preview is entered when its last row has come.
class PreviewSession {
 public:
  PreviewSession(PreviewStore& store, const v1::Job& job) : store_(store), job_(job) {}
  ~PreviewSession();  // removes unfinished files

  /// InvalidArgument: no slice of the job's volume looks like this. Others as in chunking.h.
  absl::Status Write(const v1::PreviewChunk& chunk);
  /// InvalidArgument: rows of a preview are missing.
  absl::Status Finish();

 private:
  struct Unfinished {
    DataFile file;
    LineRanges rows;
  };
  absl::StatusOr<Unfinished*> FileOf(const std::string& path);

  PreviewStore& store_;
  const v1::Job job_;
  std::map<std::string, Unfinished> unfinished_;  // by final path
};

}  // namespace tomoslab
