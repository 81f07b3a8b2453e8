#include "server/scan_file.h"

#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/values.h"
#include "server/hdf5_layout.h"
#include "worker/core/check.h"
#include "worker/core/status.h"
#include "worker/geometry/scan.h"

namespace tomoslab {
namespace {

const char* ShortName(v1::FrameKind kind) {
  switch (kind) {
    case v1::FRAME_KIND_FLAT:
      return "data_white";
    case v1::FRAME_KIND_DARK:
      return "data_dark";
    default:
      return "data";
  }
}

std::string ArrayName(v1::FrameKind kind) { return absl::StrCat("/exchange/", ShortName(kind)); }
std::string ChecksumsName(v1::FrameKind kind) { return absl::StrCat("/crc32c/", ShortName(kind)); }

const char* AxesOf(v1::FrameKind kind) {
  switch (kind) {
    case v1::FRAME_KIND_FLAT:
      return "theta_white:y:x";
    case v1::FRAME_KIND_DARK:
      return "theta_dark:y:x";
    default:
      return "theta:y:x";
  }
}

const char* QuantityName(v1::Quantity quantity) {
  switch (quantity) {
    case v1::QUANTITY_TRANSMISSION:
      return "transmission";
    case v1::QUANTITY_LINE_INTEGRALS:
      return "line_integrals";
    default:
      return "counts";
  }
}

std::int64_t ArrayBytes(const v1::Scan& scan, v1::FrameKind kind) {
  return LineCount(scan, kind) * (BytesPerLine(scan) + kLineChecksumBytes);
}

void AddFrames(const v1::Scan& scan, v1::FrameKind kind, Hdf5Layout& layout) {
  if (FrameCount(scan, kind) == 0) return;
  const v1::Detector& detector = scan.geometry().detector();
  layout.AddArray(ArrayName(kind), {FrameCount(scan, kind), detector.rows(), detector.columns()},
                  scan.data_type());
  layout.AddArray(ChecksumsName(kind), {LineCount(scan, kind), kLineChecksumBytes},
                  v1::DATA_TYPE_UINT8);
  layout.SetText(ArrayName(kind), "axes", AxesOf(kind));
  const bool counts = scan.quantity() == v1::QUANTITY_COUNTS;
  layout.SetText(ArrayName(kind), "units", counts ? "counts" : "1");
  if (kind == v1::FRAME_KIND_PROJECTION) {
    layout.SetText(ArrayName(kind), "kind", QuantityName(scan.quantity()));
  }
}

const char* BeamName(v1::Beam beam, const v1::Detector& detector) {
  if (beam == v1::BEAM_PARALLEL) return "parallel";
  return detector.rows() == 1 ? "fan" : "cone";
}

/// The column on which the rotation axis projects. The scan was validated when it was created.
double AxisColumn(const v1::ScanGeometry& geometry) {
  const absl::StatusOr<Scan> scan = ToScan(geometry);
  TOMOSLAB_CHECK(scan.ok() && scan->orbit.has_value());
  return RotationAxisColumn(scan->detector, *scan->orbit);
}

void AddOrbit(const v1::ScanGeometry& geometry, Hdf5Layout& layout) {
  const v1::CircularOrbit& orbit = geometry.circular();
  layout.AddNumbers("/exchange/theta", {orbit.angle_deg_size()},
                    {orbit.angle_deg().begin(), orbit.angle_deg().end()});
  layout.SetText("/exchange/theta", "units", "degrees");
  layout.SetText("/geometry", "beam", BeamName(orbit.beam(), geometry.detector()));
  if (orbit.beam() == v1::BEAM_CONE) {
    layout.SetNumber("/geometry", "source_object", orbit.source_object_distance_mm());
    layout.SetNumber("/geometry", "source_detector", orbit.source_detector_distance_mm());
  }
  layout.SetNumber("/geometry", "center_col", AxisColumn(geometry));
  layout.SetInteger("/geometry", "direction", 1);
  layout.SetNumber("/geometry", "detector_shift_u_mm", orbit.detector_shift_u_mm());
  layout.SetNumber("/geometry", "detector_shift_v_mm", orbit.detector_shift_v_mm());
  layout.SetNumber("/geometry", "rotation_axis_offset_mm", orbit.rotation_axis_offset_mm());
  layout.SetNumber("/geometry", "detector_rotation_deg", orbit.detector_rotation_deg());
}

void AddVectors(const v1::ViewVectors& vectors, const v1::Detector& detector, Hdf5Layout& layout) {
  layout.AddNumbers("/geometry/vectors", {vectors.value_size() / 12, 12},
                    {vectors.value().begin(), vectors.value().end()});
  layout.SetText("/geometry", "beam", BeamName(vectors.beam(), detector));
}

void AddGeometry(const v1::ScanGeometry& geometry, Hdf5Layout& layout) {
  const v1::Detector& detector = geometry.detector();
  layout.AddGroup("/geometry");
  layout.SetText("/geometry", "length_unit", "mm");
  layout.SetText("/geometry", "detector", "flat");
  layout.SetNumber("/geometry", "pixel_size", detector.pixel_width_mm());
  layout.SetNumber(
      "/geometry", "pixel_height",
      detector.pixel_height_mm() > 0 ? detector.pixel_height_mm() : detector.pixel_width_mm());
  if (geometry.has_vectors()) {
    AddVectors(geometry.vectors(), detector, layout);
  } else {
    AddOrbit(geometry, layout);
  }
}

std::string ToJson(v1::Scan scan) {
  ClearLongFields(&scan);  // they are in /exchange/theta and /geometry/vectors
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(scan, &json).ok()) json = "{}";
  return json;
}

}  // namespace

absl::Status ScanFile::Create(const std::string& path, const v1::Scan& scan) {
  std::int64_t bytes = 0;
  for (const v1::FrameKind kind : kFrameKinds) bytes += ArrayBytes(scan, kind);
  TOMOSLAB_RETURN_IF_ERROR(CheckSpace(path.substr(0, path.rfind('/')), bytes, "the scan"));
  Hdf5Layout layout(path);
  for (const v1::FrameKind kind : kFrameKinds) AddFrames(scan, kind, layout);
  AddGeometry(scan.geometry(), layout);
  layout.AddText("/implements", "exchange:measurement:process");
  layout.AddText("/exchange/name", "absorption_tomography");
  layout.AddText("/exchange/title", scan.display_name());
  layout.AddText("/process/tomoslab/scan_json", ToJson(scan));
  return layout.Finish();
}

ScanFile::ScanFile(DataFile file, const v1::Scan& scan)
    : file_(std::move(file)),
      bytes_per_line_(BytesPerLine(scan)),
      rows_(scan.geometry().detector().rows()) {}

absl::StatusOr<ScanFile> ScanFile::Open(const std::string& path, const v1::Scan& scan) {
  TOMOSLAB_ASSIGN_OR_RETURN(DataFile data, DataFile::Open(path));
  ScanFile file(std::move(data), scan);
  for (const v1::FrameKind kind : kFrameKinds) {
    if (FrameCount(scan, kind) == 0) continue;
    TOMOSLAB_ASSIGN_OR_RETURN(
        file.Array(kind), FindCheckedLines(path, ArrayName(kind), ChecksumsName(kind),
                                           tomoslab::LineCount(scan, kind), BytesPerLine(scan)));
  }
  return file;
}

void ClearLongFields(v1::Scan* scan) {
  v1::ScanGeometry* geometry = scan->mutable_geometry();
  if (geometry->has_circular()) geometry->mutable_circular()->clear_angle_deg();
  if (geometry->has_vectors()) geometry->mutable_vectors()->clear_value();
}

const char* PluralOf(v1::FrameKind kind) {
  switch (kind) {
    case v1::FRAME_KIND_FLAT:
      return "flats";
    case v1::FRAME_KIND_DARK:
      return "darks";
    default:
      return "views";
  }
}

}  // namespace tomoslab
