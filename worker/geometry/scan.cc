#include "worker/geometry/scan.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_format.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr int kMaxPixels = 65536;
constexpr std::int64_t kMaxViews = 1'000'000;
constexpr double kMinLengthMm = 1e-9, kMaxLengthMm = 1e7;

absl::Status CheckDetector(const Detector& detector) {
  for (const auto& [field, value] :
       {std::pair{"rows", detector.rows}, {"columns", detector.columns}}) {
    if (value < 1 || value > kMaxPixels) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "detector.%s = %d must be between 1 and %d pixels", field, value, kMaxPixels));
    }
  }
  for (const auto& [field, value] : {std::pair{"pixel_width_mm", detector.pixel_width_mm},
                                     {"pixel_height_mm", detector.pixel_height_mm}}) {
    if (!std::isfinite(value) || value < kMinLengthMm || value > 1e6) {
      return absl::InvalidArgumentError(
          absl::StrFormat("detector.%s = %g mm must be between 1e-9 and 1e6 mm (pixel sizes are in "
                          "mm: 50 µm are 0.05)",
                          field, value));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckViewCount(std::int64_t views) {
  if (views >= 1 && views <= kMaxViews) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("the scan has %d views; it must have between 1 and %d", views, kMaxViews));
}

absl::Status CheckFinite(const char* field, double value, double limit) {
  if (std::isfinite(value) && std::abs(value) <= limit) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s = %g must be a finite number of magnitude at most %g", field, value, limit));
}

absl::Status CheckAngles(const std::vector<double>& angle_rad) {
  for (std::size_t view = 0; view < angle_rad.size(); ++view) {
    if (!std::isfinite(angle_rad[view]) || std::abs(angle_rad[view]) > 1e6) {
      return absl::InvalidArgumentError(
          absl::StrFormat("angle_deg[%d] = %g is not a finite angle (were the angles written at "
                          "the end of the scan, and lost?)",
                          view, angle_rad[view] * 180 / std::numbers::pi));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDistances(const CircularOrbit& orbit) {
  const double sod = orbit.source_object_distance_mm, sdd = orbit.source_detector_distance_mm;
  if (!std::isfinite(sod) || sod <= 0 || sod > kMaxLengthMm) {
    return absl::InvalidArgumentError(
        absl::StrFormat("source_object_distance_mm = %g must be a positive length of at most %g mm "
                        "(for a parallel beam set beam = PARALLEL)",
                        sod, kMaxLengthMm));
  }
  if (!std::isfinite(sdd) || sdd <= 0 || sdd > kMaxLengthMm) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "source_detector_distance_mm = %g must be a positive length of at most %g mm", sdd,
        kMaxLengthMm));
  }
  if (sdd < sod) {
    return absl::InvalidArgumentError(
        absl::StrFormat("source_detector_distance_mm = %g is less than source_object_distance_mm = "
                        "%g (the detector would lie in front "
                        "of the object); are the two swapped?",
                        sdd, sod));
  }
  return absl::OkStatus();
}

View CircularView(const Detector& detector, const CircularOrbit& orbit, double angle_rad) {
  const double c = std::cos(angle_rad), s = std::sin(angle_rad);
  const bool cone = orbit.beam == Beam::kCone;
  const Vec3 u{c, s, 0}, v{0, 0, 1}, toward_source{s, -c, 0};
  const double behind_mm =
      cone ? orbit.source_detector_distance_mm - orbit.source_object_distance_mm : 0;
  const double cr = std::cos(orbit.detector_rotation_rad),
               sr = std::sin(orbit.detector_rotation_rad);
  View view;
  view.beam = orbit.beam;
  view.source =
      cone ? orbit.source_object_distance_mm * toward_source - orbit.rotation_axis_offset_mm * u
           : toward_source;
  view.column_step = detector.pixel_width_mm * (cr * u + sr * v);
  view.row_step = detector.pixel_height_mm * (cr * v + -sr * u);
  const Vec3 center = -behind_mm * toward_source +
                      (orbit.detector_shift_u_mm - orbit.rotation_axis_offset_mm) * u +
                      orbit.detector_shift_v_mm * v;
  view.corner = center - ((detector.columns - 1) / 2.0) * view.column_step -
                ((detector.rows - 1) / 2.0) * view.row_step;
  return view;
}

absl::Status CheckVectorView(const View& view, std::int64_t index) {
  for (const Vec3& v : {view.source, view.corner, view.column_step, view.row_step}) {
    if (!IsFinite(v) || Norm(v) > kMaxLengthMm) {
      return absl::InvalidArgumentError(
          absl::StrFormat("vectors of view %d hold a number that is not finite or beyond %g mm",
                          index, kMaxLengthMm));
    }
  }
  for (const auto& [name, step] : {std::pair{"column", view.column_step}, {"row", view.row_step}}) {
    if (Norm(step) < kMinLengthMm) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "vectors of view %d: the %s step is %g mm long; it must be at least %g mm (a pixel's "
          "size in mm: 50 µm are 0.05)",
          index, name, Norm(step), kMinLengthMm));
    }
  }
  const Vec3 normal = Cross(view.column_step, view.row_step);
  if (Norm(normal) < 1e-9 * Norm(view.column_step) * Norm(view.row_step)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("vectors of view %d: the column and row steps are parallel", index));
  }
  const Vec3 ray = view.Direction(0, 0);
  if (Norm(ray) < kMinLengthMm || std::abs(Dot(ray, normal)) <= 1e-9 * Norm(ray) * Norm(normal)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("vectors of view %d: the source lies in the plane of the detector, or the "
                        "ray is shorter than %g mm",
                        index, kMinLengthMm));
  }
  return absl::OkStatus();
}

/// How far the detector reaches from the rotation axis on both sides, in mm at the axis.
std::pair<double, double> ReachAtAxis(const Detector& detector, const CircularOrbit& orbit) {
  const double axis = RotationAxisColumn(detector, orbit);
  const double magnification = orbit.beam == Beam::kCone ? orbit.source_detector_distance_mm /
                                                               orbit.source_object_distance_mm
                                                         : 1.0;
  const double pitch = detector.pixel_width_mm / magnification;
  return {(axis + 0.5) * pitch, (detector.columns - 0.5 - axis) * pitch};
}

}  // namespace

absl::StatusOr<Scan> MakeCircularScan(const Detector& detector, const CircularOrbit& orbit) {
  TOMOSLAB_RETURN_IF_ERROR(CheckDetector(detector));
  TOMOSLAB_RETURN_IF_ERROR(CheckViewCount(static_cast<std::int64_t>(orbit.angle_rad.size())));
  TOMOSLAB_RETURN_IF_ERROR(CheckAngles(orbit.angle_rad));
  if (orbit.beam == Beam::kCone) TOMOSLAB_RETURN_IF_ERROR(CheckDistances(orbit));
  TOMOSLAB_RETURN_IF_ERROR(
      CheckFinite("detector_shift_u_mm", orbit.detector_shift_u_mm, kMaxLengthMm));
  TOMOSLAB_RETURN_IF_ERROR(
      CheckFinite("detector_shift_v_mm", orbit.detector_shift_v_mm, kMaxLengthMm));
  TOMOSLAB_RETURN_IF_ERROR(
      CheckFinite("rotation_axis_offset_mm", orbit.rotation_axis_offset_mm, kMaxLengthMm));
  TOMOSLAB_RETURN_IF_ERROR(CheckFinite("detector_rotation_deg",
                                       orbit.detector_rotation_rad * 180 / std::numbers::pi, 360));
  Scan scan{.detector = detector, .views = {}, .orbit = orbit};
  scan.views.reserve(orbit.angle_rad.size());
  for (const double angle_rad : orbit.angle_rad)
    scan.views.push_back(CircularView(detector, orbit, angle_rad));
  return scan;
}

absl::StatusOr<Scan> MakeVectorScan(const Detector& detector, Beam beam,
                                    absl::Span<const double> astra_vectors) {
  TOMOSLAB_RETURN_IF_ERROR(CheckDetector(detector));
  if (astra_vectors.size() % 12 != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "vectors.value has %d numbers; it must have 12 per view", astra_vectors.size()));
  }
  const auto views = static_cast<std::int64_t>(astra_vectors.size() / 12);
  TOMOSLAB_RETURN_IF_ERROR(CheckViewCount(views));
  Scan scan{.detector = detector, .views = {}, .orbit = std::nullopt};
  scan.views.reserve(views);
  for (std::int64_t i = 0; i < views; ++i) {
    std::array<double, 12> vec;
    std::copy_n(astra_vectors.begin() + 12 * i, 12, vec.begin());
    scan.views.push_back(FromAstra(beam, vec, detector.rows, detector.columns));
    TOMOSLAB_RETURN_IF_ERROR(CheckVectorView(scan.views.back(), i));
  }
  return scan;
}

Scan Views(const Scan& scan, IndexRange range) {
  Scan part{.detector = scan.detector, .views = {}, .orbit = scan.orbit};
  part.views.assign(scan.views.begin() + range.begin, scan.views.begin() + range.end);
  if (part.orbit) {
    const auto& angles = scan.orbit->angle_rad;
    part.orbit->angle_rad.assign(angles.begin() + range.begin, angles.begin() + range.end);
  }
  return part;
}

double RotationAxisColumn(const Detector& detector, const CircularOrbit& orbit) {
  // The axis lies axis_offset from the line source–detector centre line, at SOD: its image on the
  // detector is magnified.
  const double magnification = orbit.beam == Beam::kCone ? orbit.source_detector_distance_mm /
                                                               orbit.source_object_distance_mm
                                                         : 1.0;
  const double from_center_mm =
      magnification * orbit.rotation_axis_offset_mm - orbit.detector_shift_u_mm;
  return (detector.columns - 1) / 2.0 + from_center_mm / detector.pixel_width_mm;
}

double DetectorShiftForAxisColumn(const Detector& detector, const CircularOrbit& orbit,
                                  double column) {
  return orbit.detector_shift_u_mm +
         (RotationAxisColumn(detector, orbit) - column) * detector.pixel_width_mm;
}

Volume DefaultVolume(const Scan& scan) {
  constexpr double kMinDepth = 1e-9;  // an axis nearer to the source than that has no image
  Volume volume;
  double magnification = 1, radius = 0;
  if (scan.orbit) {
    if (scan.orbit->beam == Beam::kCone) {
      magnification =
          scan.orbit->source_detector_distance_mm / scan.orbit->source_object_distance_mm;
    }
    const auto [left, right] = ReachAtAxis(scan.detector, *scan.orbit);
    radius = std::max({left, right, scan.detector.pixel_width_mm / magnification});
  } else {
    const View& view = scan.views.front();
    const DetectorPoint axis = ProjectPoint(view, Vec3{});
    if (view.beam == Beam::kCone && axis.depth > kMinDepth) magnification = 1 / axis.depth;
    radius = scan.detector.columns / 2.0 * scan.detector.pixel_width_mm / magnification;
  }
  volume.voxel_width_mm = scan.detector.pixel_width_mm / magnification;
  volume.voxel_height_mm = scan.detector.pixel_height_mm / magnification;
  const double across = 2 * radius / volume.voxel_width_mm;
  volume.columns = volume.rows =
      static_cast<int>(std::clamp(std::ceil(across - 1e-6), 1.0, 65536.0));
  volume.slices = scan.detector.rows;
  if (scan.orbit) volume.center_mm.z = scan.orbit->detector_shift_v_mm / magnification;
  return volume;
}

absl::StatusOr<std::string> CheckScanSeesVolume(const Scan& scan, const Volume& volume) {
  std::int64_t unseen = 0, first_unseen = -1;
  for (std::size_t i = 0; i < scan.views.size(); ++i) {
    const View& view = scan.views[i];
    double low_row = 1e300, high_row = -1e300, low_column = 1e300, high_column = -1e300;
    for (int corner = 0; corner < 8; ++corner) {
      const Vec3 point = volume.VoxelCenter((corner & 1) ? volume.columns - 0.5 : -0.5,
                                            (corner & 2) ? volume.rows - 0.5 : -0.5,
                                            (corner & 4) ? volume.slices - 0.5 : -0.5);
      const DetectorPoint at = ProjectPoint(view, point);
      if (!(at.depth > 0)) {
        return absl::InvalidArgumentError(
            absl::StrFormat("in view %d a corner of the volume at (%g, %g, %g) mm lies beside or "
                            "behind the source at (%g, %g, %g) mm; the volume "
                            "(%s) reaches the source's orbit: make it smaller, or check "
                            "source_object_distance_mm and the voxel size",
                            i, point.x, point.y, point.z, view.source.x, view.source.y,
                            view.source.z, volume.ToString()));
      }
      low_row = std::min(low_row, at.row), high_row = std::max(high_row, at.row);
      low_column = std::min(low_column, at.column), high_column = std::max(high_column, at.column);
    }
    const bool seen = high_row > -0.5 && low_row < scan.detector.rows - 0.5 && high_column > -0.5 &&
                      low_column < scan.detector.columns - 0.5;
    if (!seen && unseen++ == 0) first_unseen = static_cast<std::int64_t>(i);
  }
  if (unseen == 0) return std::string();
  return absl::StrFormat(
      "the volume's shadow misses the detector in %d of %d views (first: view %d); check its "
      "centre and the detector shift",
      unseen, scan.views.size(), first_unseen);
}

}  // namespace tomoslab
