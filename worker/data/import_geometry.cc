#include "worker/data/import_geometry.h"

#include <cmath>
#include <numbers>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

void Give(const std::optional<double>& hint, const char* flag, const char* what, double& value,
          std::vector<ImportedValue>& report) {
  if (!hint) return;
  value = *hint;
  Note(report, what, absl::StrFormat("%g mm", value), flag, Origin::kGiven);
}

void GiveBeamAndDirection(const ScanHints& hints, FileGeometry& geometry,
                          std::vector<ImportedValue>& report) {
  if (hints.beam) {
    geometry.orbit.beam = *hints.beam;
    Note(report, "beam", *hints.beam == Beam::kCone ? "cone" : "parallel", "--beam",
         Origin::kGiven);
  }
  if (hints.clockwise) {
    geometry.orbit.angle_rad = geometry.file_angle_rad;
    if (*hints.clockwise) {
      for (double& angle : geometry.orbit.angle_rad) angle = -angle;
    }
    Note(report, "direction",
         *hints.clockwise ? "clockwise seen from +z" : "counter-clockwise seen from +z",
         "--direction", Origin::kGiven);
  }
}

void SettlePixelSize(const ScanHints& hints, Detector& detector,
                     std::vector<ImportedValue>& report) {
  const auto text = [&] {
    return absl::StrFormat("%g x %g mm", detector.pixel_width_mm, detector.pixel_height_mm);
  };
  if (hints.pixel_width_mm) {
    detector.pixel_width_mm = *hints.pixel_width_mm;
    detector.pixel_height_mm = hints.pixel_height_mm.value_or(*hints.pixel_width_mm);
    Note(report, "pixel size", text(), "--pixel", Origin::kGiven);
  } else if (detector.pixel_width_mm == 0) {
    detector.pixel_width_mm = detector.pixel_height_mm = 1;
    Note(report, "pixel size", text(),
         "NOT IN THE FILE, 1 mm assumed: lengths are in pixels and attenuation is per pixel; "
         "--pixel MM sets it",
         Origin::kInferred);
  } else if (detector.pixel_height_mm == 0) {
    detector.pixel_height_mm = detector.pixel_width_mm;
  }
}

absl::Status CheckDistancesKnown(const CircularOrbit& orbit, const std::string& path) {
  if (orbit.beam == Beam::kParallel) return absl::OkStatus();
  if (orbit.source_object_distance_mm == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     ": a fan or cone beam, but nothing says how far the source is from the "
                     "rotation axis; --sod MM gives it"));
  }
  if (orbit.source_detector_distance_mm == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     ": a fan or cone beam, but nothing says how far the source is from the "
                     "detector; --sdd MM gives it"));
  }
  return absl::OkStatus();
}

absl::Status CheckAnglesFinite(const std::vector<double>& angles, const std::string& path) {
  for (std::size_t i = 0; i < angles.size(); ++i) {
    if (std::isfinite(angles[i])) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: the angle of view %d (from 0, of %d) is %g, not a number (angles are "
                        "often written at the end of a "
                        "scan: was it interrupted?)",
                        path, i, angles.size(), angles[i]));
  }
  return absl::OkStatus();
}

}  // namespace

void Note(std::vector<ImportedValue>& report, const std::string& what, const std::string& value,
          const std::string& source, Origin origin) {
  for (ImportedValue& line : report) {
    if (line.what != what) continue;
    line = {what, value, source, origin};
    return;
  }
  report.push_back({what, value, source, origin});
}

absl::StatusOr<Scan> MakeScan(FileGeometry geometry, const ScanHints& hints,
                              const std::string& path, std::vector<ImportedValue>& report) {
  CircularOrbit& orbit = geometry.orbit;
  GiveBeamAndDirection(hints, geometry, report);
  Give(hints.source_object_distance_mm, "--sod", "source to axis", orbit.source_object_distance_mm,
       report);
  Give(hints.source_detector_distance_mm, "--sdd", "source to detector",
       orbit.source_detector_distance_mm, report);
  Give(hints.detector_shift_u_mm, "--shift-u", "detector shift u", orbit.detector_shift_u_mm,
       report);
  Give(hints.detector_shift_v_mm, "--shift-v", "detector shift v", orbit.detector_shift_v_mm,
       report);
  Give(hints.rotation_axis_offset_mm, "--axis-offset", "rotation axis offset",
       orbit.rotation_axis_offset_mm, report);
  SettlePixelSize(hints, geometry.detector, report);
  TOMOSLAB_RETURN_IF_ERROR(CheckDistancesKnown(orbit, path));
  TOMOSLAB_RETURN_IF_ERROR(CheckAnglesFinite(orbit.angle_rad, path));
  absl::StatusOr<Scan> scan = MakeCircularScan(geometry.detector, orbit);
  if (scan.ok()) return scan;
  return absl::Status(scan.status().code(),
                      absl::StrCat(path, ": ", std::string(scan.status().message())));
}

absl::StatusOr<double> MillimetersPer(const std::string& unit) {
  const std::string name = absl::AsciiStrToLower(unit);
  if (name == "mm" || name == "millimeter" || name == "millimetre") return 1.0;
  if (name == "m" || name == "meter" || name == "metre") return 1e3;
  if (name == "cm") return 10.0;
  if (name == "um" || name == "µm" || name == "μm" || name == "micron" || name == "microns" ||
      name == "micrometer") {
    return 1e-3;
  }
  if (name == "nm") return 1e-6;
  return absl::InvalidArgumentError(absl::StrCat("unknown unit of length '", unit, "'"));
}

absl::StatusOr<double> RadiansPer(const std::string& unit) {
  const std::string name = absl::AsciiStrToLower(unit);
  if (name.starts_with("deg")) return std::numbers::pi / 180;
  if (name.starts_with("rad")) return 1.0;
  return absl::InvalidArgumentError(absl::StrCat("unknown unit of angles '", unit, "'"));
}

bool LastViewRepeatsFirst(const std::vector<double>& angle_rad) {
  if (angle_rad.size() < 3) return false;
  const double span = std::abs(angle_rad.back() - angle_rad.front());
  const double turns = std::round(span / kTurn);
  const double step = span / static_cast<double>(angle_rad.size() - 1);
  return turns >= 1 && std::abs(span - turns * kTurn) < 0.01 * step;
}

std::string AngleText(const std::vector<double>& angle_rad) {
  if (angle_rad.empty()) return "none";
  return absl::StrFormat("%.6g .. %.6g degrees", angle_rad.front() * 360 / kTurn,
                         angle_rad.back() * 360 / kTurn);
}

}  // namespace tomoslab
