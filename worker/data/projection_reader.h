// Reads projections, flats and darks out of a file in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/data/scan_description.h"

namespace tomoslab {

/// What the user says about a scan. Each value that is set replaces what the file holds or would
/// have been inferred.
struct ScanHints {
  std::optional<Beam> beam = {};
  std::optional<double> source_object_distance_mm = {}, source_detector_distance_mm = {};
  std::optional<double> pixel_width_mm = {}, pixel_height_mm = {};
  std::optional<double> detector_shift_u_mm = {}, detector_shift_v_mm = {},
                        rotation_axis_offset_mm = {};
  std::optional<bool> clockwise =
      {};  // the source turns clockwise seen from +z: angles are negated
  std::optional<Quantity> quantity = {};
  std::optional<double> reference_counts = {};
};

/// An open scan. Not thread safe.
class ProjectionReader {
 public:
  virtual ~ProjectionReader() = default;

  const ScanDescription& description() const { return description_; }

  /// The lines [begin, end) of all frames of `kind` (line = frame · rows + row), little endian, of
  /// the description's sample type. `lines` holds exactly (end − begin) · BytesPerLine() bytes.
  /// Memory: nothing beyond `lines` but a chunk cache of at most 64 MiB. Fails: OutOfRange;
  /// DataLoss when the file is damaged there.
  virtual absl::Status ReadLines(FrameKind kind, std::int64_t begin, std::int64_t end,
                                 absl::Span<std::byte> lines) = 0;

 protected:
  /// OutOfRange or InvalidArgument unless [begin, end) and the size of `lines` fit the description.
  absl::Status CheckRequest(FrameKind kind, std::int64_t begin, std::int64_t end,
                            std::size_t bytes) const;

  ScanDescription description_;
};

/// Opens an HDF5 file: NXtomo where an entry says so, else Data Exchange. NotFound, InvalidArgument
/// (what is missing or wrong, with file, key and values), DataLoss (truncated or damaged),
/// PermissionDenied (data in another file, which we do not follow).
absl::StatusOr<std::unique_ptr<ProjectionReader>> OpenHdf5Scan(const std::string& path,
                                                               const ScanHints& hints);

}  // namespace tomoslab
