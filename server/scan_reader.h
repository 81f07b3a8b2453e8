// Streams a band of detector rows of some frames, a chunk at a time. No gRPC.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/scan_store.h"
#include "tomoslab/v1/pool.pb.h"

namespace tomoslab {

class ScanReader {
 public:
  /// OutOfRange: frames or rows outside the scan. FailedPrecondition: some of the lines have not
  /// been received.
  static absl::StatusOr<ScanReader> Open(std::shared_ptr<OpenScan> scan,
                                         const v1::FetchProjectionsRequest& request);

  /// The next lines, in the order of the file; false at the end. Neighbouring lines share a chunk.
  absl::StatusOr<bool> Next(v1::ProjectionChunk* chunk);

 private:
  ScanReader(std::shared_ptr<OpenScan> scan, const v1::FetchProjectionsRequest& request);
  std::shared_ptr<OpenScan> scan_;
  v1::FrameKind kind_;
  // Runs of neighbouring lines: one per frame, or a single one when every row of a frame is wanted.
  std::int64_t run_lines_, run_stride_, runs_left_;
  IndexRange run_;  // what is left of the current run
};

}  // namespace tomoslab
