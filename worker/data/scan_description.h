// What a file of projections holds, in plain values: readers fill it, the client turns it into a
// Scan message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/data/sample_correction.h"
#include "worker/geometry/scan.h"

namespace tomoslab {

enum class FrameKind { kProjection, kFlat, kDark };

int BytesPerSample(SampleType type);
const char* Name(SampleType type);    // "uint16", ...
const char* Name(Quantity quantity);  // "counts", "transmission", "line integrals"
const char* Name(FrameKind kind);     // "projection", "flat", "dark"

/// Where a value of the import came from.
enum class Origin {
  kRead,      // stands in the file, under `source`
  kGiven,     // said by the user, on the command line or in a job file
  kInferred,  // neither: assumed, and a person should check it
};

/// One line of the import report: nothing that is not in the file is used silently.
struct ImportedValue {
  std::string what;    // "pixel size"
  std::string value;   // "0.2 x 0.2 mm"
  std::string source;  // the file's key, the flag, or the rule by which it was inferred
  Origin origin = Origin::kRead;
};

/// A scan as a file holds it. Its frames are numbered per kind, from 0; a line is one detector row
/// of one frame.
struct ScanDescription {
  std::string title;  // for people; may be empty
  Scan scan;          // geometry of the views, checked
  SampleType sample_type = SampleType::kFloat32;
  Quantity quantity = Quantity::kCounts;
  std::int64_t flat_count = 0, dark_count = 0;
  /// For each flat (dark): how many views had been taken before it. Empty: all before the scan.
  std::vector<int> flat_after_views, dark_after_views;
  double reference_counts = 0;              // I0 of counts without flats; 0 = none
  std::optional<double> background_offset;  // the file's advice: subtract from every line integral
  std::vector<ImportedValue> report;

  std::int64_t FrameCount(FrameKind kind) const;
  std::int64_t LineCount(FrameKind kind) const;  // frames · detector rows
  std::int64_t BytesPerLine() const;
};

/// "pixel size        0.2 x 0.2 mm        /geometry@pixel_size" per line; inferred values say so.
std::string ReportText(const std::vector<ImportedValue>& report);

}  // namespace tomoslab
