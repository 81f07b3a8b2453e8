// Scans as stacks of TIFF images: one frame per image (page) of the files, in their order.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/data/projection_reader.h"

namespace tomoslab {

/// The TIFF files that `pattern` means: a folder (every *.tif, *.tiff in it), a glob pattern or one
/// file; relative to `folder`. Numbers in names sort by value (img_2 before img_10). NotFound when
/// there is none.
absl::StatusOr<std::vector<std::string>> ListTiffFiles(const std::string& folder,
                                                       const std::string& pattern);

struct TiffStack {
  std::vector<std::string> projections, flats, darks;  // files
};

/// `description` brings the geometry, quantity and positions; counts of frames and the sample type
/// come from the files. InvalidArgument when images differ in shape or type from one another or
/// from the geometry, or are no plain grey images; DataLoss when one cannot be read. All name the
/// file.
absl::StatusOr<std::unique_ptr<ProjectionReader>> OpenTiffStack(const TiffStack& stack,
                                                                ScanDescription description);

}  // namespace tomoslab
