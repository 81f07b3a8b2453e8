#include "client/scan_file.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/probe_hdf5.h"
#include "proto/plain_text.h"
#include "proto/values.h"
#include "worker/core/status.h"
#include "worker/data/import_geometry.h"

namespace tomoslab {
namespace {

constexpr std::size_t kLongestDisplayName = 200, kLongestProvenance = 4096;  // bytes, scan.proto

Scan KeepEvery(const Scan& scan, int every) {
  Scan kept{.detector = scan.detector, .views = {}, .orbit = scan.orbit};
  if (kept.orbit) kept.orbit->angle_rad.clear();
  for (std::size_t k = 0; k < scan.views.size(); k += every) {
    kept.views.push_back(scan.views[k]);
    if (kept.orbit) kept.orbit->angle_rad.push_back(scan.orbit->angle_rad[k]);
  }
  return kept;
}

class EveryNthViewReader final : public ProjectionReader {
 public:
  EveryNthViewReader(std::unique_ptr<ProjectionReader> reader, int every)
      : reader_(std::move(reader)), every_(every) {
    description_ = reader_->description();
    const std::size_t all = description_.scan.views.size();
    description_.scan = KeepEvery(description_.scan, every);
    for (std::vector<int>* positions :
         {&description_.flat_after_views, &description_.dark_after_views}) {
      for (int& position : *positions)
        position = (position + every - 1) / every;  // kept views before it
    }
    Note(description_.report, "views used",
         absl::StrFormat("%d of %d", description_.scan.views.size(), all), "--every-views",
         Origin::kGiven);
  }

  absl::Status ReadLines(FrameKind kind, std::int64_t begin, std::int64_t end,
                         absl::Span<std::byte> lines) override {
    TOMOSLAB_RETURN_IF_ERROR(CheckRequest(kind, begin, end, lines.size()));
    if (kind != FrameKind::kProjection) return reader_->ReadLines(kind, begin, end, lines);
    const std::int64_t rows = description_.scan.detector.rows, bytes = description_.BytesPerLine();
    while (begin < end) {
      const std::int64_t view = begin / rows, row = begin % rows,
                         count = std::min(rows - row, end - begin);
      const std::int64_t first = view * every_ * rows + row;
      TOMOSLAB_RETURN_IF_ERROR(
          reader_->ReadLines(kind, first, first + count, lines.first(count * bytes)));
      lines.remove_prefix(count * bytes);
      begin += count;
    }
    return absl::OkStatus();
  }

 private:
  std::unique_ptr<ProjectionReader> reader_;
  std::int64_t every_;
};

v1::DataType ToProto(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return v1::DATA_TYPE_UINT8;
    case SampleType::kUint16:
      return v1::DATA_TYPE_UINT16;
    case SampleType::kFloat32:
      return v1::DATA_TYPE_FLOAT32;
  }
  return v1::DATA_TYPE_UNSPECIFIED;
}

v1::Quantity ToProto(Quantity quantity) {
  switch (quantity) {
    case Quantity::kCounts:
      return v1::QUANTITY_COUNTS;
    case Quantity::kTransmission:
      return v1::QUANTITY_TRANSMISSION;
    case Quantity::kLineIntegrals:
      return v1::QUANTITY_LINE_INTEGRALS;
  }
  return v1::QUANTITY_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProjectionReader>> OpenScanFile(const std::string& path,
                                                               const ScanHints& hints,
                                                               int every_views) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     ": is a folder; for a stack of TIFF images give a JSON file that says their "
                     "names and the geometry: "
                     "{\"scan\": {...}, \"projections\": \"proj_*.tif\"} (docs/use.md)"));
  }
  const bool json =
      absl::AsciiStrToLower(std::filesystem::path(path).extension().string()) == ".json";
  if (!json) TOMOSLAB_RETURN_IF_ERROR(ProbeHdf5(path));
  TOMOSLAB_ASSIGN_OR_RETURN(std::unique_ptr<ProjectionReader> reader,
                            json ? OpenTiffScan(path, hints) : OpenHdf5Scan(path, hints));
  return every_views > 1 ? EveryNthView(std::move(reader), every_views) : std::move(reader);
}

std::unique_ptr<ProjectionReader> EveryNthView(std::unique_ptr<ProjectionReader> reader,
                                               int every) {
  return std::make_unique<EveryNthViewReader>(std::move(reader), every);
}

v1::Scan ToProto(const ScanDescription& description, const std::string& source) {
  v1::Scan scan;
  const std::string file = std::filesystem::path(source).filename().string();
  scan.set_display_name(
      PlainLine(description.title.empty() ? file : absl::StrCat(description.title, " (", file, ")"),
                kLongestDisplayName));
  *scan.mutable_geometry() = ToProto(description.scan);
  scan.set_data_type(ToProto(description.sample_type));
  scan.set_quantity(ToProto(description.quantity));
  scan.set_view_count(static_cast<std::int32_t>(description.scan.views.size()));
  scan.set_flat_count(static_cast<std::int32_t>(description.flat_count));
  scan.set_dark_count(static_cast<std::int32_t>(description.dark_count));
  scan.mutable_flat_after_views()->Assign(description.flat_after_views.begin(),
                                          description.flat_after_views.end());
  scan.mutable_dark_after_views()->Assign(description.dark_after_views.begin(),
                                          description.dark_after_views.end());
  scan.set_reference_counts(description.reference_counts);
  auto& provenance = *scan.mutable_provenance();
  provenance["source file"] = PlainLine(file, kLongestProvenance);
  for (const ImportedValue& line : description.report) {
    const char* how = line.origin == Origin::kRead    ? ""
                      : line.origin == Origin::kGiven ? "given: "
                                                      : "inferred: ";
    provenance[PlainLine(line.what, kLongestDisplayName)] =
        PlainLine(absl::StrCat(line.value, " (", how, line.source, ")"), kLongestProvenance);
  }
  return scan;
}

}  // namespace tomoslab
