// Files with scans, whatever their format; and what they hold as a Scan message.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tomoslab/v1/scan.pb.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {

/// HDF5 (Data Exchange, NXtomo) or a JSON file that describes a stack of TIFF images (docs/use.md).
/// Keeps every `every_views`-th view only (1 = all).
absl::StatusOr<std::unique_ptr<ProjectionReader>> OpenScanFile(const std::string& path,
                                                               const ScanHints& hints,
                                                               int every_views);

/// A TIFF stack: {"scan": Scan, "projections": "proj_*.tif", "flats": "flat_*.tif", "darks":
/// "dark_*.tif"}; Scan in protobuf's JSON mapping with geometry and quantity; names are files,
/// folders or patterns beside the JSON file.
absl::StatusOr<std::unique_ptr<ProjectionReader>> OpenTiffScan(const std::string& path,
                                                               const ScanHints& hints);

/// The views 0, every, 2·every, ... of another reader.
std::unique_ptr<ProjectionReader> EveryNthView(std::unique_ptr<ProjectionReader> reader, int every);

/// What CreateScan needs; the import report becomes the scan's provenance. `source`: the file's
/// name, for people.
v1::Scan ToProto(const ScanDescription& description, const std::string& source);

}  // namespace tomoslab
