#include "worker/data/scan_description.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tomoslab {

int BytesPerSample(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return 1;
    case SampleType::kUint16:
      return 2;
    case SampleType::kFloat32:
      return 4;
  }
  return 0;
}

const char* Name(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return "uint8";
    case SampleType::kUint16:
      return "uint16";
    case SampleType::kFloat32:
      return "float32";
  }
  return "";
}

const char* Name(Quantity quantity) {
  switch (quantity) {
    case Quantity::kCounts:
      return "counts";
    case Quantity::kTransmission:
      return "transmission";
    case Quantity::kLineIntegrals:
      return "line integrals";
  }
  return "";
}

const char* Name(FrameKind kind) {
  switch (kind) {
    case FrameKind::kProjection:
      return "projection";
    case FrameKind::kFlat:
      return "flat";
    case FrameKind::kDark:
      return "dark";
  }
  return "";
}

std::int64_t ScanDescription::FrameCount(FrameKind kind) const {
  switch (kind) {
    case FrameKind::kProjection:
      return static_cast<std::int64_t>(scan.views.size());
    case FrameKind::kFlat:
      return flat_count;
    case FrameKind::kDark:
      return dark_count;
  }
  return 0;
}

std::int64_t ScanDescription::LineCount(FrameKind kind) const {
  return FrameCount(kind) * scan.detector.rows;
}

std::int64_t ScanDescription::BytesPerLine() const {
  return std::int64_t{scan.detector.columns} * BytesPerSample(sample_type);
}

std::string ReportText(const std::vector<ImportedValue>& report) {
  std::size_t what_width = 0, value_width = 0;
  for (const ImportedValue& line : report) {
    what_width = std::max(what_width, line.what.size());
    value_width = std::max(value_width, std::min<std::size_t>(line.value.size(), 44));
  }
  std::string text;
  for (const ImportedValue& line : report) {
    const char* mark = line.origin == Origin::kInferred ? "INFERRED: "
                       : line.origin == Origin::kGiven  ? "given: "
                                                        : "";
    absl::StrAppendFormat(&text, "  %-*s  %-*s  %s%s\n", static_cast<int>(what_width), line.what,
                          static_cast<int>(value_width), line.value, mark, line.source);
  }
  return text;
}

}  // namespace tomoslab
