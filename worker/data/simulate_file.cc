#include "worker/data/simulate_file.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/core/status.h"
#include "worker/data/data_exchange_writer.h"
#include "worker/data/hdf5_writing.h"
#include "worker/data/phantom_truth.h"
#include "worker/data/simulate_scan.h"

namespace tomoslab {
namespace {

constexpr double kMaxUint16Counts = 60000;  // leaves room for noise above I0

ScanDescription Describe(const PhantomCase& phantom_case, const SimulationOptions& options) {
  ScanDescription d;
  d.title = phantom_case.name;
  d.scan = phantom_case.scan;
  d.quantity = options.quantity;
  if (options.quantity == Quantity::kCounts) {
    d.flat_count = 1;
    if (options.counts <= kMaxUint16Counts) d.sample_type = SampleType::kUint16;
  }
  return d;
}

float Stored(double transmission, const SimulationOptions& options) {
  switch (options.quantity) {
    case Quantity::kTransmission:
      return static_cast<float>(transmission);
    case Quantity::kLineIntegrals:
      return static_cast<float>(-std::log(transmission));
    case Quantity::kCounts:
      return static_cast<float>(transmission * options.counts);
  }
  return 0;
}

}  // namespace

absl::Status WriteSimulatedScan(const PhantomCase& phantom_case, const SimulationOptions& options,
                                const std::string& path, const SimulationProgress& progress) {
  if (!(options.counts >= 0 && options.counts <= 1e12))
    return absl::InvalidArgumentError("--i0 must be from 0 to 1e12 photons");
  if (options.quantity == Quantity::kCounts && options.counts == 0) {
    return absl::InvalidArgumentError("counts need a number of photons: --i0 N");
  }
  TOMOSLAB_ASSIGN_OR_RETURN(const auto writer,
                            DataExchangeWriter::Create(path, Describe(phantom_case, options)));
  const std::vector<View>& views = phantom_case.scan.views;
  const Detector& detector = phantom_case.scan.detector;
  std::vector<float> frame(std::size_t{static_cast<std::size_t>(detector.rows)} * detector.columns);
  if (options.quantity == Quantity::kCounts) {
    frame.assign(frame.size(), static_cast<float>(options.counts));
    TOMOSLAB_RETURN_IF_ERROR(writer->WriteFrame(FrameKind::kFlat, 0, frame));
  }
  for (std::size_t k = 0; k < views.size(); ++k) {
    std::vector<double> transmission = SimulateTransmission(phantom_case, views[k]);
    if (options.counts > 0)
      AddPhotonNoise(options.counts, options.seed, static_cast<std::int64_t>(k), transmission);
    for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = Stored(transmission[i], options);
    TOMOSLAB_RETURN_IF_ERROR(
        writer->WriteFrame(FrameKind::kProjection, static_cast<std::int64_t>(k), frame));
    if (!progress(static_cast<int>(k) + 1, static_cast<int>(views.size())))
      return absl::CancelledError("interrupted");
  }
  return writer->Close();
}

absl::Status WriteTruth(const PhantomCase& phantom_case, const std::string& path,
                        const SimulationProgress& progress) {
  const Volume& volume = phantom_case.volume;
  const std::vector<std::int64_t> shape = {volume.slices, volume.rows, volume.columns},
                                  slice_shape = {1, volume.rows, volume.columns};
  TOMOSLAB_ASSIGN_OR_RETURN(Hdf5NewFile file, Hdf5NewFile::Create(path));
  TOMOSLAB_ASSIGN_OR_RETURN(Hdf5Handle data,
                            file.AddDataset("/exchange/data", H5T_IEEE_F32LE, shape));
  TOMOSLAB_ASSIGN_OR_RETURN(Hdf5Handle labels,
                            file.AddDataset("/truth/labels", H5T_STD_U8LE, shape));
  const double size[] = {volume.voxel_height_mm, volume.voxel_width_mm, volume.voxel_width_mm};
  const double center[] = {volume.center_mm.z, volume.center_mm.y, volume.center_mm.x};
  TOMOSLAB_RETURN_IF_ERROR(file.SetAttribute("/exchange/data", "axes", std::string("z:y:x")));
  TOMOSLAB_RETURN_IF_ERROR(file.SetAttribute("/exchange/data", "units", std::string("1/mm")));
  TOMOSLAB_RETURN_IF_ERROR(
      file.SetAttribute("/exchange/data", "voxel_size_mm", absl::MakeConstSpan(size)));
  TOMOSLAB_RETURN_IF_ERROR(
      file.SetAttribute("/exchange/data", "center_mm", absl::MakeConstSpan(center)));
  TOMOSLAB_RETURN_IF_ERROR(
      file.SetAttribute("/truth/labels", "materials",
                        absl::StrCat("air,", absl::StrJoin(phantom_case.phantom.materials, ","))));
  TOMOSLAB_RETURN_IF_ERROR(file.SetAttribute("/truth/labels", "attenuation_per_mm",
                                             absl::MakeConstSpan(phantom_case.node_per_mm)));
  for (int z = 0; z < volume.slices; ++z) {
    const TruthSlice slice = SampleTruth(phantom_case, z);
    TOMOSLAB_RETURN_IF_ERROR(file.Write(data, H5T_NATIVE_FLOAT, {z, 0, 0}, slice_shape,
                                        slice.attenuation_per_mm.data()));
    TOMOSLAB_RETURN_IF_ERROR(
        file.Write(labels, H5T_NATIVE_UINT8, {z, 0, 0}, slice_shape, slice.label.data()));
    if (!progress(z + 1, volume.slices)) return absl::CancelledError("interrupted");
  }
  data = Hdf5Handle();
  labels = Hdf5Handle();
  return file.Publish();
}

}  // namespace tomoslab
