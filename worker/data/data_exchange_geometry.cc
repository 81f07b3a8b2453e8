#include "worker/data/data_exchange_geometry.h"

#include <numbers>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "worker/core/status.h"
#include "worker/data/hdf5_scan_reader.h"
#include "worker/data/import_geometry.h"

namespace tomoslab {
namespace {

constexpr const char* kGroup = "/geometry";
constexpr const char* kVectors = "/geometry/view_vectors";

std::string Key(const char* name) { return absl::StrCat(kGroup, "@", name); }

// Reads an attribute of /geometry when it is there; leaves `value` alone when it is not.
absl::StatusOr<bool> ReadNumber(const Hdf5File& file, const char* name, double scale,
                                double& value) {
  const absl::StatusOr<double> number = file.NumberAttribute(kGroup, name);
  if (!number.ok() && IsMissing(number.status())) return false;
  TOMOSLAB_RETURN_IF_ERROR(number.status());
  value = *number * scale;
  return true;
}

absl::StatusOr<std::string> ReadName(const Hdf5File& file, const char* name,
                                     const char* otherwise) {
  absl::StatusOr<std::string> text = file.TextAttribute(kGroup, name);
  if (!text.ok() && IsMissing(text.status())) return std::string(otherwise);
  return text;
}

// Millimetres per unit of the group's lengths. Lengths in detector pixels are taken as if a pixel
// were 1 mm.
absl::StatusOr<double> ReadLengthUnit(const Hdf5File& file, std::vector<ImportedValue>& report) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string unit, ReadName(file, "length_unit", "mm"));
  if (unit.starts_with("detector pixel")) {
    Note(report, "length unit", "1 detector pixel = 1 mm",
         absl::StrCat(Key("length_unit"), " = '", unit,
                      "': lengths and attenuation are per detector pixel"),
         Origin::kInferred);
    return 1.0;
  }
  const absl::StatusOr<double> scale = MillimetersPer(unit);
  if (scale.ok()) return scale;
  return absl::InvalidArgumentError(absl::StrCat(file.path(), ", ", Key("length_unit"), ": ",
                                                 std::string(scale.status().message())));
}

absl::Status ReadBeam(const Hdf5File& file, FileGeometry& geometry,
                      std::vector<ImportedValue>& report) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string beam, ReadName(file, "beam", ""));
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string detector, ReadName(file, "detector", "flat"));
  if (detector != "flat") {
    return absl::InvalidArgumentError(absl::StrCat(file.path(), ", ", Key("detector"), ": '",
                                                   detector,
                                                   "' is not supported; only flat detectors are"));
  }
  if (beam.empty()) {
    geometry.orbit.beam =
        file.NumberAttribute(kGroup, "source_object").ok() ? Beam::kCone : Beam::kParallel;
    Note(report, "beam", geometry.orbit.beam == Beam::kCone ? "cone" : "parallel",
         "/geometry has no attribute 'beam'; whether there is a source distance",
         Origin::kInferred);
    return absl::OkStatus();
  }
  if (beam != "parallel" && beam != "fan" && beam != "cone") {
    return absl::InvalidArgumentError(absl::StrCat(file.path(), ", ", Key("beam"), ": '", beam,
                                                   "' is none of parallel, fan, cone"));
  }
  geometry.orbit.beam = beam == "parallel" ? Beam::kParallel : Beam::kCone;
  Note(report, "beam", beam, Key("beam"), Origin::kRead);
  return absl::OkStatus();
}

// Distances, pixel and where the detector is.
absl::Status ReadLengths(const Hdf5File& file, FileGeometry& geometry,
                         std::vector<ImportedValue>& report) {
  TOMOSLAB_ASSIGN_OR_RETURN(const double unit, ReadLengthUnit(file, report));
  Detector& detector = geometry.detector;
  CircularOrbit& orbit = geometry.orbit;
  enum class Sign { kAny, kPositive };
  struct Length {
    const char *name, *what;
    double* value;
    Sign sign = Sign::kAny;
  };
  for (const Length& length :
       {Length{"source_object", "source to axis", &orbit.source_object_distance_mm,
               Sign::kPositive},
        Length{"source_detector", "source to detector", &orbit.source_detector_distance_mm,
               Sign::kPositive},
        Length{"pixel_size", "pixel size", &detector.pixel_width_mm, Sign::kPositive},
        Length{"pixel_height", "pixel height", &detector.pixel_height_mm, Sign::kPositive},
        Length{"detector_shift_u", "detector shift u", &orbit.detector_shift_u_mm},
        Length{"detector_shift_v", "detector shift v", &orbit.detector_shift_v_mm},
        Length{"rotation_axis_offset", "rotation axis offset", &orbit.rotation_axis_offset_mm}}) {
    TOMOSLAB_ASSIGN_OR_RETURN(const bool there, ReadNumber(file, length.name, unit, *length.value));
    if (there && length.sign == Sign::kPositive && !(*length.value > 0)) {
      return absl::InvalidArgumentError(absl::StrFormat("%s, %s: %s of %g mm; it must be above 0",
                                                        file.path(), Key(length.name), length.what,
                                                        *length.value));
    }
    if (there)
      Note(report, length.what, absl::StrFormat("%g mm", *length.value), Key(length.name),
           Origin::kRead);
  }
  double rotation_deg = 0;
  TOMOSLAB_ASSIGN_OR_RETURN(const bool rotated,
                            ReadNumber(file, "detector_rotation_deg", 1, rotation_deg));
  orbit.detector_rotation_rad = rotation_deg * std::numbers::pi / 180;
  if (rotated)
    Note(report, "detector rotation", absl::StrFormat("%g degrees", rotation_deg),
         Key("detector_rotation_deg"), Origin::kRead);
  return absl::OkStatus();
}

// The central ray's column and row, where the file says them instead of shifts.
absl::Status ReadCenter(const Hdf5File& file, const ScanHints& hints, FileGeometry& geometry,
                        std::vector<ImportedValue>& report) {
  const Detector& detector = geometry.detector;
  const double width =
      hints.pixel_width_mm.value_or(detector.pixel_width_mm == 0 ? 1.0 : detector.pixel_width_mm);
  const double height = hints.pixel_width_mm            ? hints.pixel_height_mm.value_or(width)
                        : detector.pixel_height_mm == 0 ? width
                                                        : detector.pixel_height_mm;
  double column = 0, row = 0;
  TOMOSLAB_ASSIGN_OR_RETURN(const bool has_column, ReadNumber(file, "center_col", 1, column));
  if (has_column) {
    geometry.orbit.detector_shift_u_mm = ((detector.columns - 1) / 2.0 - column) * width;
    Note(report, "rotation axis", absl::StrFormat("column %g", column), Key("center_col"),
         Origin::kRead);
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const bool has_row, ReadNumber(file, "center_row", 1, row));
  if (has_row) {
    geometry.orbit.detector_shift_v_mm = ((detector.rows - 1) / 2.0 - row) * height;
    Note(report, "central ray", absl::StrFormat("row %g", row), Key("center_row"), Origin::kRead);
  }
  return absl::OkStatus();
}

// The file's angles in our sense of rotation.
absl::Status TurnAngles(const Hdf5File& file, FileGeometry& geometry,
                        std::vector<ImportedValue>& report) {
  TOMOSLAB_ASSIGN_OR_RETURN(const std::string convention, ReadName(file, "convention", ""));
  double direction = 1;
  TOMOSLAB_ASSIGN_OR_RETURN(const bool has_direction, ReadNumber(file, "direction", 1, direction));
  if (direction != 1 && direction != -1) {
    return absl::InvalidArgumentError(absl::StrFormat("%s, %s: %g is neither 1 nor -1", file.path(),
                                                      Key("direction"), direction));
  }
  const bool ours = convention.starts_with("tomoslab");
  const double sense = ours ? direction : -direction;
  geometry.orbit.angle_rad = geometry.file_angle_rad;
  for (double& angle : geometry.orbit.angle_rad) angle *= sense;
  Note(report, "direction", sense > 0 ? "counter-clockwise seen from +z" : "clockwise seen from +z",
       absl::StrFormat("%s = %g%s", Key("direction"), direction,
                       has_direction ? "" : " (missing, so 1)"),
       has_direction ? Origin::kRead : Origin::kInferred);
  if (!ours) {
    Note(report, "frame", "x right, y down, z down",
         convention.empty()
             ? "/geometry has no attribute 'convention'; source at D*(-sin b, cos b) assumed"
             : "/geometry@convention, turned by 180 degrees about x into our frame",
         convention.empty() ? Origin::kInferred : Origin::kRead);
  }
  return absl::OkStatus();
}

// Files without /geometry: a synchrotron's, with the pixel size somewhere in the instrument's
// groups.
absl::Status ReadInstrument(const Hdf5File& file, const ScanHints& hints, FileGeometry& geometry,
                            std::vector<ImportedValue>& report) {
  Note(report, "beam", "parallel",
       "there is no group /geometry; --beam, --sod, --sdd say otherwise", Origin::kInferred);
  Note(report, "rotation axis",
       absl::StrFormat("column %g, the detector's centre", (geometry.detector.columns - 1) / 2.0),
       "nothing says where it is; --rotation-axis auto|COLUMN", Origin::kInferred);
  geometry.orbit.beam = Beam::kParallel;
  geometry.orbit.angle_rad = geometry.file_angle_rad;
  if (hints.pixel_width_mm) return absl::OkStatus();
  const std::string detector = "/measurement/instrument/detector/";
  for (const std::string& key :
       {std::string("/measurement/instrument/detection_system/objective/resolution"),
        detector + "actual_pixel_size_x", detector + "pixel_size_x"}) {
    const absl::StatusOr<double> size = LengthMm(file, key, "m");
    if (!size.ok() && IsMissing(size.status())) continue;
    TOMOSLAB_RETURN_IF_ERROR(size.status());
    double magnification = 1;
    const std::string lens = "/measurement/instrument/detection_system/objective/magnification";
    if (const absl::StatusOr<double> m = file.Number(lens);
        key.ends_with("/pixel_size_x") && m.ok() && *m > 0)
      magnification = *m;
    geometry.detector.pixel_width_mm = *size / magnification;
    Note(report, "pixel size", absl::StrFormat("%g mm", geometry.detector.pixel_width_mm),
         magnification == 1 ? key : absl::StrCat(key, " / ", lens), Origin::kRead);
    break;
  }
  return absl::OkStatus();
}

absl::StatusOr<Scan> MakeScanOfVectors(const Hdf5File& file, const FileGeometry& geometry,
                                       const std::vector<double>& vectors,
                                       std::vector<ImportedValue>& report) {
  Note(report, "view vectors", absl::StrFormat("%d views", vectors.size() / 12), kVectors,
       Origin::kRead);
  Detector detector = geometry.detector;
  if (detector.pixel_height_mm == 0) detector.pixel_height_mm = detector.pixel_width_mm;
  absl::StatusOr<Scan> scan = MakeVectorScan(detector, geometry.orbit.beam, vectors);
  if (scan.ok()) return scan;
  return absl::Status(scan.status().code(), absl::StrCat(file.path(), ", ", kVectors, ": ",
                                                         std::string(scan.status().message())));
}

}  // namespace

absl::Status ReadViewVectors(const Hdf5File& file, std::int64_t views,
                             DataExchangeGeometry& geometry) {
  if (!file.Has(kVectors)) return absl::OkStatus();
  TOMOSLAB_ASSIGN_OR_RETURN(geometry.vectors, file.Numbers(kVectors));
  if (static_cast<std::int64_t>(geometry.vectors.size()) == 12 * views) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s, %s: %d numbers for %d views; 12 per view are needed", file.path(),
                      kVectors, geometry.vectors.size(), views));
}

absl::StatusOr<Scan> ReadDataExchangeGeometry(const Hdf5File& file, const ScanHints& hints,
                                              const DataExchangeGeometry& known,
                                              std::vector<ImportedValue>& report) {
  FileGeometry geometry;
  geometry.detector = known.detector;
  geometry.file_angle_rad = known.angle_rad;
  if (!file.Has(kGroup)) {
    TOMOSLAB_RETURN_IF_ERROR(ReadInstrument(file, hints, geometry, report));
    return MakeScan(std::move(geometry), hints, file.path(), report);
  }
  TOMOSLAB_RETURN_IF_ERROR(ReadBeam(file, geometry, report));
  TOMOSLAB_RETURN_IF_ERROR(ReadLengths(file, geometry, report));
  if (!known.vectors.empty()) return MakeScanOfVectors(file, geometry, known.vectors, report);
  TOMOSLAB_RETURN_IF_ERROR(ReadCenter(file, hints, geometry, report));
  TOMOSLAB_RETURN_IF_ERROR(TurnAngles(file, geometry, report));
  return MakeScan(std::move(geometry), hints, file.path(), report);
}

}  // namespace tomoslab
