// From what a file and the user say about the geometry to a checked Scan, with a line in the report
// for every value.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/projection_reader.h"
#include "worker/data/scan_description.h"

namespace tomoslab {

/// Adds a line, or replaces the one about the same thing.
void Note(std::vector<ImportedValue>& report, const std::string& what, const std::string& value,
          const std::string& source, Origin origin);

/// What a file says; lengths in mm, angles in radians in our sense of rotation (docs/geometry.md).
struct FileGeometry {
  Detector detector;    // pixel sizes 0 where the file says nothing
  CircularOrbit orbit;  // distances 0 where the file says nothing
  /// The file's angles as they stand there, so that a hint can give them another direction.
  std::vector<double> file_angle_rad;
};

/// Puts the hints over the file's values, fills in what neither says (pixel of 1 mm, square pixels;
/// both noted as inferred), and makes the scan. InvalidArgument where a distance is missing (the
/// message says which flag gives it) or the geometry is impossible.
absl::StatusOr<Scan> MakeScan(FileGeometry geometry, const ScanHints& hints,
                              const std::string& path, std::vector<ImportedValue>& report);

/// The millimetres in one `unit` ("mm", "um", "m", ...); InvalidArgument for an unknown one.
absl::StatusOr<double> MillimetersPer(const std::string& unit);
/// The radians in one `unit` ("deg", "degrees", "rad", ...); InvalidArgument for an unknown one.
absl::StatusOr<double> RadiansPer(const std::string& unit);

/// True when the last angle repeats the first one full turns later, so that the last view shows
/// nothing new.
bool LastViewRepeatsFirst(const std::vector<double>& angle_rad);

/// "12.5 .. 359.5 degrees"
std::string AngleText(const std::vector<double>& angle_rad);

}  // namespace tomoslab
