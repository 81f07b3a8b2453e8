// A solver's state on its way: parts cut into planes, planes into blocks of at most 1 MiB.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "tomoslab/v1/pool.pb.h"

namespace tomoslab {

/// What a part may consist of: the slices of a job's volume, and the detector rows of its scan.
struct StateShapes {
  std::int64_t slices = 0, slice_size = 0;  // numbers
  std::int64_t rows = 0, row_size = 0;
};
StateShapes ShapesOf(const v1::VolumeGeometry& volume, const v1::Scan& scan);

std::int64_t PlaneBytes(const v1::StatePart& part);
std::int64_t BlocksPerPlane(const v1::StatePart& part);
std::int64_t BlockBytes(const v1::StatePart& part, std::int64_t block);  // the last may be shorter
/// Of all parts.
std::int64_t StateBytes(const v1::Checkpoint& checkpoint);

/// InvalidArgument: a name is not of letters, digits and _ or appears twice; there are no parts or
/// too many; a part has neither of the shapes.
absl::Status CheckCheckpoint(const v1::Checkpoint& checkpoint, const StateShapes& shapes);

/// The block of a plane. `plane_data`: the whole plane.
void FillChunk(const v1::StatePart& part, std::int64_t block, std::string_view plane_data,
               v1::StateChunk* chunk);
/// DataLoss: crc32c differs. OutOfRange: no such part, plane or block. InvalidArgument: its size.
absl::Status CheckChunk(const v1::StateChunk& chunk, const v1::Checkpoint& checkpoint);

}  // namespace tomoslab
