#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/scan_file.h"
#include "proto/values.h"
#include "worker/core/status.h"
#include "worker/data/import_geometry.h"
#include "worker/data/tiff_stack_reader.h"

namespace tomoslab {
namespace {

using google::protobuf::util::JsonStringToMessage;
using google::protobuf::util::MessageToJsonString;

absl::Status Invalid(const std::string& path, const std::string& text) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", text));
}

absl::StatusOr<google::protobuf::Struct> ReadJson(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  std::ostringstream text;
  text << file.rdbuf();
  google::protobuf::Struct root;
  if (const auto status = JsonStringToMessage(text.str(), &root); !status.ok())
    return Invalid(path, status.ToString());
  for (const auto& [key, value] : root.fields()) {
    if (key != "scan" && key != "projections" && key != "flats" && key != "darks") {
      return Invalid(
          path, absl::StrCat("unknown key '", key, "'; known are scan, projections, flats, darks"));
    }
  }
  return root;
}

absl::StatusOr<v1::Scan> ReadScanMessage(const std::string& path,
                                         const google::protobuf::Struct& root) {
  const auto found = root.fields().find("scan");
  if (found == root.fields().end())
    return Invalid(path, "key 'scan' (geometry, quantity) is missing");
  std::string text;
  v1::Scan scan;
  if (!MessageToJsonString(found->second, &text).ok())
    return Invalid(path, "key 'scan' cannot be read");
  if (const auto status = JsonStringToMessage(text, &scan); !status.ok())
    return Invalid(path, absl::StrCat("scan: ", status.ToString()));
  return scan;
}

// The files that a key names: one pattern, or a list of them. Empty when the key is missing.
absl::StatusOr<std::vector<std::string>> ReadFiles(const std::string& path,
                                                   const google::protobuf::Struct& root,
                                                   const char* key) {
  const auto found = root.fields().find(key);
  std::vector<std::string> files;
  if (found == root.fields().end()) return files;
  std::vector<std::string> patterns;
  if (found->second.has_list_value()) {
    for (const auto& entry : found->second.list_value().values())
      patterns.push_back(entry.string_value());
  } else {
    patterns.push_back(found->second.string_value());
  }
  for (const std::string& pattern : patterns) {
    if (pattern.empty())
      return Invalid(path,
                     absl::StrCat("key '", key,
                                  "' must be a file name, pattern or folder, or a list of them"));
    TOMOSLAB_ASSIGN_OR_RETURN(
        const std::vector<std::string> found_files,
        ListTiffFiles(std::filesystem::path(path).parent_path().string(), pattern));
    files.insert(files.end(), found_files.begin(), found_files.end());
  }
  return files;
}

absl::StatusOr<Quantity> QuantityOf(const std::string& path, const v1::Scan& scan,
                                    const ScanHints& hints) {
  if (hints.quantity) return *hints.quantity;
  switch (scan.quantity()) {
    case v1::QUANTITY_COUNTS:
      return Quantity::kCounts;
    case v1::QUANTITY_TRANSMISSION:
      return Quantity::kTransmission;
    case v1::QUANTITY_LINE_INTEGRALS:
      return Quantity::kLineIntegrals;
    default:
      return Invalid(path,
                     "scan.quantity must be QUANTITY_COUNTS, QUANTITY_TRANSMISSION or "
                     "QUANTITY_LINE_INTEGRALS");
  }
}

// The geometry with the flags' values in place of the file's.
absl::StatusOr<Scan> ReadGeometry(const std::string& path, const v1::Scan& message,
                                  const ScanHints& hints, std::vector<ImportedValue>& report) {
  absl::StatusOr<Scan> scan = ToScan(message.geometry());
  if (!scan.ok())
    return absl::Status(
        scan.status().code(),
        absl::StrCat(path, ": scan.geometry: ", std::string(scan.status().message())));
  Note(report, "geometry", absl::StrCat(scan->views.size(), " views"),
       absl::StrCat(path, ", key scan.geometry"), Origin::kGiven);
  if (!scan->orbit) return scan;
  FileGeometry geometry;
  geometry.detector = scan->detector;
  geometry.orbit = *scan->orbit;
  geometry.file_angle_rad = scan->orbit->angle_rad;
  return MakeScan(std::move(geometry), hints, path, report);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProjectionReader>> OpenTiffScan(const std::string& path,
                                                               const ScanHints& hints) {
  TOMOSLAB_ASSIGN_OR_RETURN(const google::protobuf::Struct root, ReadJson(path));
  TOMOSLAB_ASSIGN_OR_RETURN(const v1::Scan message, ReadScanMessage(path, root));
  ScanDescription d;
  d.title = message.display_name();
  TOMOSLAB_ASSIGN_OR_RETURN(d.quantity, QuantityOf(path, message, hints));
  TOMOSLAB_ASSIGN_OR_RETURN(d.scan, ReadGeometry(path, message, hints, d.report));
  Note(d.report, "quantity", Name(d.quantity),
       hints.quantity ? "--quantity" : absl::StrCat(path, ", key scan.quantity"), Origin::kGiven);
  TiffStack stack;
  TOMOSLAB_ASSIGN_OR_RETURN(stack.projections, ReadFiles(path, root, "projections"));
  if (stack.projections.empty()) return Invalid(path, "key 'projections' is missing");
  if (d.quantity == Quantity::kCounts) {
    TOMOSLAB_ASSIGN_OR_RETURN(stack.flats, ReadFiles(path, root, "flats"));
    TOMOSLAB_ASSIGN_OR_RETURN(stack.darks, ReadFiles(path, root, "darks"));
    d.reference_counts = hints.reference_counts.value_or(message.reference_counts());
    if (stack.flats.empty() && !(d.reference_counts > 0)) {
      return Invalid(path,
                     "counts need images of flats (key 'flats') or scan.referenceCounts (I0)");
    }
    d.flat_after_views.assign(message.flat_after_views().begin(), message.flat_after_views().end());
    d.dark_after_views.assign(message.dark_after_views().begin(), message.dark_after_views().end());
  }
  return OpenTiffStack(stack, std::move(d));
}

}  // namespace tomoslab
