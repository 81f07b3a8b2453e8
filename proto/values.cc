#include "proto/values.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "absl/strings/str_format.h"
#include "proto/algorithm_values.h"
#include "proto/beam_model_values.h"
#include "proto/plain_text.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr std::size_t kMaxNameLength = 200, kLongestPool = 100, kLongestProvenance = 4096;
constexpr int kMostProvenance = 200;
/// A job travels in one message together with its materials and its last iteration.
constexpr std::size_t kLargestSpec = 1 << 20;

absl::StatusOr<Beam> ToBeam(v1::Beam beam) {
  if (beam == v1::BEAM_PARALLEL) return Beam::kParallel;
  if (beam == v1::BEAM_CONE) return Beam::kCone;
  return absl::InvalidArgumentError(
      "scan.geometry: beam is not set; it must be BEAM_PARALLEL or BEAM_CONE (a fan beam is a cone "
      "beam with one row)");
}

v1::Beam ToProto(Beam beam) { return beam == Beam::kCone ? v1::BEAM_CONE : v1::BEAM_PARALLEL; }

absl::StatusOr<Scan> ToCircularScan(const Detector& detector, const v1::CircularOrbit& message) {
  CircularOrbit orbit;
  TOMOSLAB_ASSIGN_OR_RETURN(orbit.beam, ToBeam(message.beam()));
  orbit.source_object_distance_mm = message.source_object_distance_mm();
  orbit.source_detector_distance_mm = message.source_detector_distance_mm();
  orbit.detector_shift_u_mm = message.detector_shift_u_mm();
  orbit.detector_shift_v_mm = message.detector_shift_v_mm();
  orbit.rotation_axis_offset_mm = message.rotation_axis_offset_mm();
  orbit.detector_rotation_rad = message.detector_rotation_deg() * kDegree;
  orbit.angle_rad.reserve(message.angle_deg_size());
  for (const double angle_deg : message.angle_deg()) orbit.angle_rad.push_back(angle_deg * kDegree);
  return MakeCircularScan(detector, orbit);
}

absl::Status CheckPositions(const char* field,
                            const google::protobuf::RepeatedField<std::int32_t>& after_views,
                            int frames, int views) {
  if (after_views.empty()) return absl::OkStatus();
  if (after_views.size() != frames) {
    return absl::InvalidArgumentError(
        absl::StrFormat("scan.%s has %d entries for %d frames; give one per frame, or none", field,
                        after_views.size(), frames));
  }
  for (const int position : after_views) {
    if (position < 0 || position > views) {
      return absl::InvalidArgumentError(
          absl::StrFormat("scan.%s holds %d; it must be between 0 and the number of views, %d",
                          field, position, views));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPreprocessing(const v1::Preprocessing& preprocessing, const v1::Scan& scan) {
  if (!v1::Preprocessing::LowCounts_IsValid(preprocessing.low_counts())) {
    return absl::InvalidArgumentError("preprocessing.low_counts is neither FLOOR nor REJECT");
  }
  if (!std::isfinite(preprocessing.background_offset())) {
    return absl::InvalidArgumentError("preprocessing.background_offset is not a finite number");
  }
  if (preprocessing.rotation_axis_case() == v1::Preprocessing::ROTATION_AXIS_NOT_SET)
    return absl::OkStatus();
  if (!scan.geometry().has_circular()) {
    return absl::InvalidArgumentError(
        "preprocessing.rotation_axis needs a circular geometry; this scan is given by one vector "
        "per view, which already says where the axis is");
  }
  const double column = preprocessing.rotation_axis_column();
  const double columns = scan.geometry().detector().columns();
  if (preprocessing.rotation_axis_case() == v1::Preprocessing::kRotationAxisColumn &&
      !(column >= -columns && column <= 2 * columns)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "preprocessing.rotation_axis_column = %g lies far outside the detector's %g columns",
        column, columns));
  }
  return absl::OkStatus();
}

constexpr double kCheckpointInterval = 120, kLongestCheckpointInterval = 1e6;  // seconds

absl::Status CheckPreview(const v1::Preview& preview, int slices) {
  if (preview.every_iterations() < -1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("preview.every_iterations = %d must be −1 (never), 0 (the default) or a "
                        "number of iterations",
                        preview.every_iterations()));
  }
  if (preview.slices_size() > 100) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "preview.slices asks for %d slices; at most 100 can be shown", preview.slices_size()));
  }
  for (const int slice : preview.slices()) {
    if (slice < 0 || slice >= slices) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "preview.slices holds %d; the volume has slices 0 to %d", slice, slices - 1));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckBeamModelIsWanted(const v1::JobSpec& spec) {
  const bool wanted = IsPolychromatic(spec.algorithm());
  if (wanted == spec.has_beam_model()) return absl::OkStatus();
  const char* algorithm = AlgorithmName(spec.algorithm());
  if (wanted) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s needs job.beam_model: the tube or the spectrum, the filters, the detector and the "
        "materials; without one, use bb, sirt or dart",
        algorithm));
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("job.beam_model is set, but %s does not use it; use poly-bb, poly-sirt or "
                      "poly-dart, or leave it out",
                      algorithm));
}

absl::StatusOr<Volume> VolumeOf(const v1::JobSpec& spec, const Scan& geometry) {
  if (spec.has_volume()) return ToVolume(spec.volume());
  return DefaultVolume(geometry);
}

/// Joseph's rays miss voxels whose shadow is smaller than a pixel; where the fast footprint can be
/// had, it is the better one there, and else the slower (docs/accuracy.md).
v1::ProjectorModel DefaultProjector(const Scan& scan, const Volume& volume) {
  constexpr double kSmall = 0.9;  // of a pixel, at the volume's centre
  bool small = false;
  for (const View& view : scan.views) {
    if (!IsAxisAligned(view)) return v1::JOSEPH;
    const double pixel_part = 1 / ProjectPoint(view, volume.center_mm).depth;
    const double width = volume.voxel_width_mm * pixel_part / Norm(view.column_step),
                 height = volume.voxel_height_mm * pixel_part / Norm(view.row_step);
    small |= width < kSmall || (volume.slices > 1 && height < kSmall);
  }
  return small ? v1::FOOTPRINT : v1::JOSEPH;
}

absl::Status CheckProvenance(const v1::Scan& scan) {
  if (scan.provenance_size() > kMostProvenance) {
    return absl::InvalidArgumentError(
        absl::StrFormat("scan.provenance has %d entries; at most %d are allowed",
                        scan.provenance_size(), kMostProvenance));
  }
  for (const auto& [what, value] : scan.provenance()) {
    TOMOSLAB_RETURN_IF_ERROR(CheckPlainText("a key of scan.provenance", what, kMaxNameLength));
    TOMOSLAB_RETURN_IF_ERROR(CheckPlainText(absl::StrFormat("scan.provenance[\"%s\"]", what), value,
                                            kLongestProvenance));
  }
  return absl::OkStatus();
}

absl::Status CheckSpecSize(const v1::JobSpec& spec) {
  const std::size_t bytes = spec.ByteSizeLong();
  if (bytes <= kLargestSpec) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "the job's description has %d bytes, more than %d; shorten the tables of its beam_model",
      bytes, kLargestSpec));
}

}  // namespace

absl::StatusOr<Scan> ToScan(const v1::ScanGeometry& geometry) {
  const v1::Detector& d = geometry.detector();
  const Detector detector{
      .rows = d.rows(),
      .columns = d.columns(),
      .pixel_width_mm = d.pixel_width_mm(),
      .pixel_height_mm = d.pixel_height_mm() == 0 ? d.pixel_width_mm() : d.pixel_height_mm()};
  switch (geometry.trajectory_case()) {
    case v1::ScanGeometry::kCircular:
      return ToCircularScan(detector, geometry.circular());
    case v1::ScanGeometry::kVectors: {
      TOMOSLAB_ASSIGN_OR_RETURN(const Beam beam, ToBeam(geometry.vectors().beam()));
      const auto& value = geometry.vectors().value();
      return MakeVectorScan(detector, beam, absl::MakeConstSpan(value.data(), value.size()));
    }
    case v1::ScanGeometry::TRAJECTORY_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(
      "scan.geometry.trajectory is not set; give `circular` or `vectors`");
}

absl::StatusOr<Volume> ToVolume(const v1::VolumeGeometry& message) {
  return Volume::Create(
      {.columns = message.columns(),
       .rows = message.rows(),
       .slices = message.slices(),
       .voxel_width_mm = message.voxel_width_mm(),
       .voxel_height_mm =
           message.voxel_height_mm() == 0 ? message.voxel_width_mm() : message.voxel_height_mm(),
       .center_mm = {message.center_mm().x(), message.center_mm().y(), message.center_mm().z()}});
}

v1::VolumeGeometry ToProto(const Volume& volume) {
  v1::VolumeGeometry message;
  message.set_columns(volume.columns);
  message.set_rows(volume.rows);
  message.set_slices(volume.slices);
  message.set_voxel_width_mm(volume.voxel_width_mm);
  message.set_voxel_height_mm(volume.voxel_height_mm);
  message.mutable_center_mm()->set_x(volume.center_mm.x);
  message.mutable_center_mm()->set_y(volume.center_mm.y);
  message.mutable_center_mm()->set_z(volume.center_mm.z);
  return message;
}

v1::ScanGeometry ToProto(const Scan& scan) {
  v1::ScanGeometry message;
  v1::Detector* detector = message.mutable_detector();
  detector->set_rows(scan.detector.rows);
  detector->set_columns(scan.detector.columns);
  detector->set_pixel_width_mm(scan.detector.pixel_width_mm);
  detector->set_pixel_height_mm(scan.detector.pixel_height_mm);
  if (scan.orbit) {
    v1::CircularOrbit* orbit = message.mutable_circular();
    orbit->set_beam(ToProto(scan.orbit->beam));
    orbit->set_source_object_distance_mm(scan.orbit->source_object_distance_mm);
    orbit->set_source_detector_distance_mm(scan.orbit->source_detector_distance_mm);
    orbit->set_detector_shift_u_mm(scan.orbit->detector_shift_u_mm);
    orbit->set_detector_shift_v_mm(scan.orbit->detector_shift_v_mm);
    orbit->set_rotation_axis_offset_mm(scan.orbit->rotation_axis_offset_mm);
    orbit->set_detector_rotation_deg(scan.orbit->detector_rotation_rad / kDegree);
    for (const double angle_rad : scan.orbit->angle_rad) orbit->add_angle_deg(angle_rad / kDegree);
    return message;
  }
  v1::ViewVectors* vectors = message.mutable_vectors();
  if (!scan.views.empty()) vectors->set_beam(ToProto(scan.views.front().beam));
  for (const View& view : scan.views) {
    for (const double number : ToAstra(view, scan.detector.rows, scan.detector.columns))
      vectors->add_value(number);
  }
  return message;
}

absl::Status ValidateScan(const v1::Scan& scan) {
  TOMOSLAB_ASSIGN_OR_RETURN(const Scan geometry, ToScan(scan.geometry()));
  TOMOSLAB_RETURN_IF_ERROR(
      CheckPlainText("scan.display_name", scan.display_name(), kMaxNameLength));
  if (static_cast<std::size_t>(scan.view_count()) != geometry.views.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("scan.view_count = %d, but the geometry describes %d views (one angle or "
                        "12 numbers per view)",
                        scan.view_count(), geometry.views.size()));
  }
  if (BytesPerSample(scan.data_type()) == 0) {
    return absl::InvalidArgumentError("scan.data_type must be UINT8, UINT16 or FLOAT32");
  }
  if (scan.quantity() != v1::QUANTITY_COUNTS && scan.quantity() != v1::QUANTITY_TRANSMISSION &&
      scan.quantity() != v1::QUANTITY_LINE_INTEGRALS) {
    return absl::InvalidArgumentError(
        "scan.quantity must be COUNTS, TRANSMISSION or LINE_INTEGRALS");
  }
  for (const auto& [field, count] :
       {std::pair{"flat_count", scan.flat_count()}, {"dark_count", scan.dark_count()}}) {
    if (count < 0 || count > 100'000) {
      return absl::InvalidArgumentError(
          absl::StrFormat("scan.%s = %d must be between 0 and 100000", field, count));
    }
  }
  if (!std::isfinite(scan.reference_counts()) || scan.reference_counts() < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "scan.reference_counts = %g must be positive, or 0 for none", scan.reference_counts()));
  }
  if (scan.quantity() == v1::QUANTITY_COUNTS && scan.flat_count() == 0 &&
      scan.reference_counts() == 0) {
    return absl::InvalidArgumentError(
        "a scan of counts needs flats (scan.flat_count > 0) or scan.reference_counts (I0): without "
        "either, counts do not say how much was absorbed");
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckProvenance(scan));
  TOMOSLAB_RETURN_IF_ERROR(CheckPositions("flat_after_views", scan.flat_after_views(),
                                          scan.flat_count(), scan.view_count()));
  return CheckPositions("dark_after_views", scan.dark_after_views(), scan.dark_count(),
                        scan.view_count());
}

absl::Status ValidateJobSpec(const v1::JobSpec& spec, const v1::Scan& scan) {
  TOMOSLAB_RETURN_IF_ERROR(CheckSpecSize(spec));
  TOMOSLAB_ASSIGN_OR_RETURN(const Scan geometry, ToScan(scan.geometry()));
  TOMOSLAB_ASSIGN_OR_RETURN(const Volume volume, VolumeOf(spec, geometry));
  TOMOSLAB_RETURN_IF_ERROR(CheckScanSeesVolume(geometry, volume).status());
  TOMOSLAB_RETURN_IF_ERROR(CheckPlainText("job.display_name", spec.display_name(), kMaxNameLength));
  TOMOSLAB_RETURN_IF_ERROR(CheckPlainText("job.pool", spec.pool(), kLongestPool));
  TOMOSLAB_RETURN_IF_ERROR(CheckAlgorithm(spec.algorithm()));
  TOMOSLAB_RETURN_IF_ERROR(CheckBeamModelIsWanted(spec));
  if (spec.has_beam_model())
    TOMOSLAB_RETURN_IF_ERROR(CheckBeamModel(spec.beam_model(), volume).status());
  const bool wants_fdk = spec.algorithm().has_fdk() || spec.start().has_fdk();
  if (wants_fdk && !scan.geometry().has_circular()) {
    return absl::InvalidArgumentError(
        "FDK needs a circular geometry; this scan is given by one vector per view: use another "
        "algorithm, such as bb, and start from zero");
  }
  if (spec.start().has_fdk()) TOMOSLAB_RETURN_IF_ERROR(CheckFdk(spec.start().fdk()));
  if (spec.algorithm().has_fdk() && spec.has_start()) {
    return absl::InvalidArgumentError(
        "job.start is set, but FDK does not iterate: it has no start");
  }
  if (spec.priority() < -100 || spec.priority() > 100) {
    return absl::InvalidArgumentError(
        absl::StrFormat("job.priority = %d must be between −100 and 100", spec.priority()));
  }
  if (!v1::ProjectorModel_IsValid(spec.projector())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("job.projector = %d is not known; use JOSEPH or FOOTPRINT",
                        static_cast<int>(spec.projector())));
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckPreprocessing(spec.preprocessing(), scan));
  const double every_s = spec.checkpoint_every_seconds();
  if (every_s != -1 && !(every_s >= 0 && every_s <= kLongestCheckpointInterval)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("checkpoint_every_seconds = %g must be −1 (never), 0 (the default, %g) or "
                        "at most %g",
                        every_s, kCheckpointInterval, kLongestCheckpointInterval));
  }
  return CheckPreview(spec.preview(), volume.slices);
}

absl::StatusOr<v1::JobSpec> CompleteJobSpec(const v1::JobSpec& spec, const v1::Scan& scan) {
  TOMOSLAB_RETURN_IF_ERROR(ValidateJobSpec(spec, scan));
  TOMOSLAB_ASSIGN_OR_RETURN(const Scan geometry, ToScan(scan.geometry()));
  v1::JobSpec complete = spec;
  TOMOSLAB_ASSIGN_OR_RETURN(const Volume volume, VolumeOf(spec, geometry));
  *complete.mutable_volume() = ToProto(volume);
  CompleteAlgorithm(complete.mutable_algorithm());
  if (complete.start().has_fdk()) CompleteFdk(complete.mutable_start()->mutable_fdk());
  if (complete.projector() == v1::PROJECTOR_MODEL_UNSPECIFIED) {
    complete.set_projector(DefaultProjector(geometry, volume));
  }
  if (complete.checkpoint_every_seconds() == 0)
    complete.set_checkpoint_every_seconds(kCheckpointInterval);
  if (complete.preview().every_iterations() == 0)
    complete.mutable_preview()->set_every_iterations(5);
  if (complete.preprocessing().low_counts() == v1::Preprocessing::LOW_COUNTS_UNSPECIFIED) {
    complete.mutable_preprocessing()->set_low_counts(v1::Preprocessing::FLOOR);
  }
  return complete;
}

int BytesPerSample(v1::DataType type) {
  switch (type) {
    case v1::DATA_TYPE_UINT8:
      return 1;
    case v1::DATA_TYPE_UINT16:
      return 2;
    case v1::DATA_TYPE_FLOAT32:
      return 4;
    default:
      return 0;
  }
}

std::int64_t FrameCount(const v1::Scan& scan, v1::FrameKind kind) {
  switch (kind) {
    case v1::FRAME_KIND_PROJECTION:
      return scan.view_count();
    case v1::FRAME_KIND_FLAT:
      return scan.flat_count();
    case v1::FRAME_KIND_DARK:
      return scan.dark_count();
    default:
      return 0;
  }
}

std::int64_t LineCount(const v1::Scan& scan, v1::FrameKind kind) {
  return FrameCount(scan, kind) * scan.geometry().detector().rows();
}

std::int64_t BytesPerLine(const v1::Scan& scan) {
  return std::int64_t{scan.geometry().detector().columns()} * BytesPerSample(scan.data_type());
}

}  // namespace tomoslab
