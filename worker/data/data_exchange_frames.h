// What areaDetector writes beside the frames of a Data Exchange file: the order in which they were
// taken, and which are missing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/hdf5_reading.h"

namespace tomoslab {

/// One entry per written frame, in the order in which they were taken.
struct FrameLog {
  std::vector<std::string>
      location;  // "/exchange/data", "/exchange/data_white", "/exchange/data_dark"
  std::vector<std::int64_t> unique_id;  // the detector's counter, its wraps undone; may be empty
};

/// /defaults/HDF5FrameLocation and /defaults/NDArrayUniqueId; unset where the file has none.
absl::StatusOr<std::optional<FrameLog>> ReadFrameLog(const Hdf5File& file);

/// For each frame at `location`: how many views had been taken before it.
std::vector<int> AfterViews(const FrameLog& log, const std::string& location);

/// Which of the planned views the written ones are, by the detector's counter: lost frames leave
/// gaps. Unset when the log does not tell, or tells something else than `views` of `planned`.
std::optional<std::vector<std::int64_t>> KeptViews(const FrameLog& log, std::int64_t views,
                                                   std::int64_t planned);

}  // namespace tomoslab
