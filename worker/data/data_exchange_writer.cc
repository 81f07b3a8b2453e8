#include "worker/data/data_exchange_writer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "worker/core/status.h"
#include "worker/data/data_exchange_geometry.h"
#include "worker/data/hdf5_writing.h"

namespace tomoslab {
namespace {

constexpr double kDegPerRad = 180 / std::numbers::pi;
constexpr const char* kGeometry = "/geometry";

hid_t FileType(SampleType type) {
  switch (type) {
    case SampleType::kUint8:
      return H5T_STD_U8LE;
    case SampleType::kUint16:
      return H5T_STD_U16LE;
    case SampleType::kFloat32:
      return H5T_IEEE_F32LE;
  }
  return -1;
}

const char* KindName(Quantity quantity) {
  switch (quantity) {
    case Quantity::kCounts:
      return "counts";
    case Quantity::kTransmission:
      return "transmission";
    case Quantity::kLineIntegrals:
      return "line_integrals";
  }
  return "";
}

absl::Status WriteOrbit(Hdf5NewFile& file, const Detector& detector, const CircularOrbit& orbit) {
  std::vector<double> angle_deg(orbit.angle_rad);
  for (double& angle : angle_deg) angle *= kDegPerRad;
  TOMOSLAB_RETURN_IF_ERROR(
      file.AddNumbers("/exchange/theta", angle_deg, {static_cast<std::int64_t>(angle_deg.size())}));
  TOMOSLAB_RETURN_IF_ERROR(file.SetAttribute("/exchange/theta", "units", std::string("degrees")));
  std::vector<std::pair<const char*, double>> attributes = {
      {"direction", 1},
      {"detector_shift_u", orbit.detector_shift_u_mm},
      {"detector_shift_v", orbit.detector_shift_v_mm},
      {"rotation_axis_offset", orbit.rotation_axis_offset_mm},
      {"detector_rotation_deg", orbit.detector_rotation_rad * kDegPerRad}};
  if (orbit.beam == Beam::kCone) {
    attributes.emplace_back("source_object", orbit.source_object_distance_mm);
    attributes.emplace_back("source_detector", orbit.source_detector_distance_mm);
  }
  for (const auto& [name, value] : attributes)
    TOMOSLAB_RETURN_IF_ERROR(file.SetAttribute(kGeometry, name, value));
  const char* beam = orbit.beam == Beam::kParallel ? "parallel"
                     : detector.rows == 1          ? "fan"
                                                   : "cone";
  return file.SetAttribute(kGeometry, "beam", std::string(beam));
}

absl::Status WriteVectors(Hdf5NewFile& file, const Scan& scan) {
  std::vector<double> numbers;
  for (const View& view : scan.views) {
    const std::array<double, 12> vector = ToAstra(view, scan.detector.rows, scan.detector.columns);
    numbers.insert(numbers.end(), vector.begin(), vector.end());
  }
  TOMOSLAB_RETURN_IF_ERROR(file.AddNumbers("/geometry/view_vectors", numbers,
                                           {static_cast<std::int64_t>(scan.views.size()), 12}));
  return file.SetAttribute(kGeometry, "beam",
                           std::string(scan.views[0].beam == Beam::kCone ? "cone" : "parallel"));
}

absl::Status WriteGeometry(Hdf5NewFile& file, const Scan& scan) {
  TOMOSLAB_RETURN_IF_ERROR(file.AddGroup(kGeometry));
  TOMOSLAB_RETURN_IF_ERROR(file.SetAttribute(kGeometry, "convention", std::string(kOurConvention)));
  TOMOSLAB_RETURN_IF_ERROR(file.SetAttribute(kGeometry, "detector", std::string("flat")));
  TOMOSLAB_RETURN_IF_ERROR(file.SetAttribute(kGeometry, "length_unit", std::string("mm")));
  TOMOSLAB_RETURN_IF_ERROR(
      file.SetAttribute(kGeometry, "pixel_size", scan.detector.pixel_width_mm));
  TOMOSLAB_RETURN_IF_ERROR(
      file.SetAttribute(kGeometry, "pixel_height", scan.detector.pixel_height_mm));
  return scan.orbit ? WriteOrbit(file, scan.detector, *scan.orbit) : WriteVectors(file, scan);
}

class Writer final : public DataExchangeWriter {
 public:
  Writer(Hdf5NewFile file, const ScanDescription& description)
      : file_(std::move(file)),
        description_(description),
        whole_numbers_(description.sample_type != SampleType::kFloat32) {}

  absl::Status Begin() {
    TOMOSLAB_RETURN_IF_ERROR(file_.AddText("/implements", "exchange:geometry"));
    TOMOSLAB_RETURN_IF_ERROR(file_.AddGroup("/exchange"));
    if (!description_.title.empty())
      TOMOSLAB_RETURN_IF_ERROR(file_.AddText("/exchange/title", description_.title));
    const std::array<std::pair<const char*, const char*>, 3> names = {
        {{"/exchange/data", "theta:y:x"},
         {"/exchange/data_white", "theta_white:y:x"},
         {"/exchange/data_dark", "theta_dark:y:x"}}};
    for (const FrameKind kind : {FrameKind::kProjection, FrameKind::kFlat, FrameKind::kDark}) {
      const std::int64_t frames = description_.FrameCount(kind);
      const auto& [key, axes] = names[static_cast<int>(kind)];
      if (frames == 0) continue;
      TOMOSLAB_ASSIGN_OR_RETURN(dataset_[static_cast<int>(kind)],
                                file_.AddDataset(key, FileType(description_.sample_type),
                                                 {frames, description_.scan.detector.rows,
                                                  description_.scan.detector.columns}));
      TOMOSLAB_RETURN_IF_ERROR(file_.SetAttribute(key, "axes", std::string(axes)));
    }
    const bool counts = description_.quantity == Quantity::kCounts;
    TOMOSLAB_RETURN_IF_ERROR(
        file_.SetAttribute("/exchange/data", "kind", std::string(KindName(description_.quantity))));
    TOMOSLAB_RETURN_IF_ERROR(
        file_.SetAttribute("/exchange/data", "units", std::string(counts ? "counts" : "1")));
    return WriteGeometry(file_, description_.scan);
  }

  absl::Status WriteFrame(FrameKind kind, std::int64_t frame,
                          absl::Span<const float> samples) override {
    const std::int64_t rows = description_.scan.detector.rows,
                       columns = description_.scan.detector.columns;
    if (frame < 0 || frame >= description_.FrameCount(kind) ||
        static_cast<std::int64_t>(samples.size()) != rows * columns) {
      return absl::OutOfRangeError(
          absl::StrFormat("%s: %s %d of %d samples does not belong into the file", file_.path(),
                          Name(kind), frame, samples.size()));
    }
    std::vector<float> rounded;
    if (whole_numbers_) {  // HDF5 clips when it converts, but cuts decimals off
      rounded.assign(samples.begin(), samples.end());
      for (float& sample : rounded) sample = std::round(sample);
      samples = rounded;
    }
    return file_.Write(dataset_[static_cast<int>(kind)], H5T_NATIVE_FLOAT, {frame, 0, 0},
                       {1, rows, columns}, samples.data());
  }

  absl::Status Close() override {
    for (Hdf5Handle& dataset : dataset_) dataset = Hdf5Handle();
    return file_.Publish();
  }

 private:
  Hdf5NewFile file_;
  ScanDescription description_;
  bool whole_numbers_;
  std::array<Hdf5Handle, 3> dataset_;  // by FrameKind; destroyed before the file
};

}  // namespace

absl::StatusOr<std::unique_ptr<DataExchangeWriter>> DataExchangeWriter::Create(
    const std::string& path, const ScanDescription& description) {
  TOMOSLAB_ASSIGN_OR_RETURN(Hdf5NewFile file, Hdf5NewFile::Create(path));
  auto writer = std::make_unique<Writer>(std::move(file), description);
  TOMOSLAB_RETURN_IF_ERROR(writer->Begin());
  return writer;
}

}  // namespace tomoslab
