// One client's upload: checks chunks, writes them, and makes them durable in groups. No gRPC, no
// threads.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/scan_store.h"

namespace tomoslab {

/// Write and Commit may be called from different threads, each from one at a time: while a commit
/// waits for the disk, the next group gathers.
class UploadSession {
 public:
  static absl::StatusOr<std::unique_ptr<UploadSession>> Open(ScanStore& store,
                                                             const std::string& scan);

  /// Lines that are on disk already are acknowledged again and not overwritten. DataLoss,
  /// OutOfRange, InvalidArgument (chunking.h): nothing of the chunk is kept. ResourceExhausted: the
  /// disk is full.
  absl::Status Write(const v1::ProjectionChunk& chunk);

  /// Makes what was written before the call durable. Returns what to acknowledge, merged.
  struct Committed {
    std::vector<WrittenLines> lines;
    bool scan_completed = false;  // by this commit
  };
  absl::StatusOr<Committed> Commit();

  bool HasUncommitted() const;
  std::int64_t UncommittedBytes() const;

 private:
  UploadSession(ScanStore& store, std::shared_ptr<OpenScan> scan)
      : store_(store), scan_(std::move(scan)) {}
  absl::StatusOr<IngestReport::Result> Take(const v1::ProjectionChunk& chunk);
  std::map<v1::FrameKind, LineRanges> TakeUncommitted();

  ScanStore& store_;
  const std::shared_ptr<OpenScan> scan_;
  mutable std::mutex mutex_;
  std::map<v1::FrameKind, LineRanges> uncommitted_;
};

}  // namespace tomoslab
