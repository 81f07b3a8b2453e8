#include "server/volume_file.h"

#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/algorithm_values.h"
#include "proto/values.h"
#include "server/hdf5_layout.h"
#include "server/scan_file.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

constexpr const char* kArray = "/exchange/data";
constexpr const char* kChecksums = "/crc32c/data";
constexpr const char* kProcess = "/process/tomoslab";

double VoxelHeight(const v1::VolumeGeometry& volume) {
  return volume.voxel_height_mm() > 0 ? volume.voxel_height_mm() : volume.voxel_width_mm();
}

std::int64_t LineCount(const v1::VolumeGeometry& volume) {
  return std::int64_t{volume.slices()} * volume.rows();
}

std::int64_t BytesPerLine(const v1::VolumeGeometry& volume) {
  return std::int64_t{volume.columns()} * static_cast<std::int64_t>(sizeof(float));
}

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  return google::protobuf::util::MessageToJsonString(message, &json).ok() ? json : "{}";
}

void AddVolume(const v1::VolumeGeometry& volume, Hdf5Layout& layout) {
  layout.AddArray(kArray, {volume.slices(), volume.rows(), volume.columns()},
                  v1::DATA_TYPE_FLOAT32);
  layout.AddArray(kChecksums, {LineCount(volume), kLineChecksumBytes}, v1::DATA_TYPE_UINT8);
  layout.SetText(kArray, "axes", "z:y:x");
  layout.SetText(kArray, "units", "1/mm");
  layout.SetNumbers(kArray, "voxel_size_mm",
                    {VoxelHeight(volume), volume.voxel_width_mm(), volume.voxel_width_mm()});
  const v1::Vector3& center = volume.center_mm();
  layout.SetNumbers(kArray, "center_mm", {center.z(), center.y(), center.x()});
}

void AddProcess(const v1::Job& job, const v1::Scan& scan, Hdf5Layout& layout) {
  v1::Scan summary = scan;
  ClearLongFields(&summary);
  summary.clear_received();
  layout.AddGroup(kProcess);
  layout.SetText(kProcess, "version", TOMOSLAB_VERSION);
  layout.SetText(kProcess, "job", job.name());
  layout.SetText(kProcess, "algorithm", AlgorithmName(job.spec().algorithm()));
  layout.SetText(kProcess, "job_spec_json", ToJson(job.spec()));
  layout.SetText(kProcess, "scan", job.spec().scan());
  layout.AddText(std::string(kProcess) + "/scan_json", ToJson(summary));
  layout.SetInteger(kProcess, "iterations", 0);
  layout.SetInteger(kProcess, "ranks", 0);
  layout.SetNumber(kProcess, "relative_residual", std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

std::int64_t VolumeBytes(const v1::VolumeGeometry& volume) {
  return LineCount(volume) * BytesPerLine(volume);
}

absl::Status VolumeFile::Create(const std::string& path, const v1::Job& job, const v1::Scan& scan) {
  const v1::VolumeGeometry& volume = job.spec().volume();
  TOMOSLAB_RETURN_IF_ERROR(CheckSpace(path.substr(0, path.rfind('/')),
                                      VolumeBytes(volume) + LineCount(volume) * kLineChecksumBytes,
                                      "the volume of " + job.name()));
  Hdf5Layout layout(path);
  AddVolume(volume, layout);
  AddProcess(job, scan, layout);
  layout.AddText("/implements", "exchange:process");
  layout.AddText("/exchange/title", job.spec().display_name());
  return layout.Finish();
}

VolumeFile::VolumeFile(DataFile file, const CheckedLines& lines, const v1::VolumeGeometry& volume)
    : file_(std::move(file)),
      lines_(lines),
      rows_(volume.rows()),
      slices_(volume.slices()),
      bytes_per_line_(BytesPerLine(volume)) {}

absl::StatusOr<VolumeFile> VolumeFile::Open(const std::string& path,
                                            const v1::VolumeGeometry& volume) {
  TOMOSLAB_ASSIGN_OR_RETURN(DataFile file, DataFile::Open(path));
  TOMOSLAB_ASSIGN_OR_RETURN(
      const CheckedLines lines,
      FindCheckedLines(path, kArray, kChecksums, LineCount(volume), BytesPerLine(volume)));
  return VolumeFile(std::move(file), lines, volume);
}

absl::Status VolumeFile::Read(IndexRange lines, char* data) const {
  const absl::Status read = lines_.Read(file_, lines, data);
  if (!absl::IsDataLoss(read)) return read;
  return absl::DataLossError(
      absl::StrFormat("slice %d of the volume cannot be read: %s; run its job again",
                      lines.begin / rows_, read.message()));
}

absl::Status VolumeFile::RecordResult(const std::string& path, const v1::IterationReport& last,
                                      int ranks) {
  TOMOSLAB_RETURN_IF_ERROR(OverwriteInteger(path, kProcess, "iterations", last.iteration()));
  TOMOSLAB_RETURN_IF_ERROR(OverwriteInteger(path, kProcess, "ranks", ranks));
  return OverwriteNumber(path, kProcess, "relative_residual", last.relative_residual());
}

}  // namespace tomoslab
