// Writes a scan as a Data Exchange file that this project (and h5py, TomoPy, ...) reads, view by
// view.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/data/scan_description.h"

namespace tomoslab {

/// Frames may be written in any order. The file is complete after Close; without it, it is removed.
class DataExchangeWriter {
 public:
  /// Uses of `description`: scan, sample type, quantity, counts of frames, title. Every trajectory
  /// is written: a circular one as /exchange/theta and attributes of /geometry (docs/use.md lists
  /// them), vectors as /geometry/view_vectors.
  static absl::StatusOr<std::unique_ptr<DataExchangeWriter>> Create(
      const std::string& path, const ScanDescription& description);
  virtual ~DataExchangeWriter() = default;

  /// `samples`: rows · columns of the description's sample type, from floats (rounded and clipped
  /// for integers).
  virtual absl::Status WriteFrame(FrameKind kind, std::int64_t frame,
                                  absl::Span<const float> samples) = 0;
  virtual absl::Status Close() = 0;
};

}  // namespace tomoslab
