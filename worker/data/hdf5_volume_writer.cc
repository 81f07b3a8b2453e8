#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"
#include "worker/data/hdf5_writing.h"
#include "worker/data/volume_writer.h"

namespace tomoslab {
namespace {

constexpr const char* kData = "/exchange/data";
constexpr const char* kProcess = "/process/tomoslab";

class Hdf5VolumeWriter final : public VolumeWriter {
 public:
  Hdf5VolumeWriter(Hdf5NewFile file, const Volume& volume)
      : file_(std::move(file)), volume_(volume) {}

  absl::Status Begin(const VolumeRecord& record) {
    TOMOSLAB_RETURN_IF_ERROR(file_.AddText("/implements", "exchange:process"));
    TOMOSLAB_ASSIGN_OR_RETURN(
        dataset_,
        file_.AddDataset(kData,
                         record.numbers == VolumeNumbers::kUint8 ? H5T_STD_U8LE : H5T_IEEE_F32LE,
                         {volume_.slices, volume_.rows, volume_.columns}));
    TOMOSLAB_RETURN_IF_ERROR(file_.SetAttribute(kData, "axes", std::string("z:y:x")));
    TOMOSLAB_RETURN_IF_ERROR(file_.SetAttribute(kData, "units", record.unit));
    const double size[] = {volume_.voxel_height_mm, volume_.voxel_width_mm, volume_.voxel_width_mm};
    const double center[] = {volume_.center_mm.z, volume_.center_mm.y, volume_.center_mm.x};
    TOMOSLAB_RETURN_IF_ERROR(file_.SetAttribute(kData, "voxel_size_mm", absl::MakeConstSpan(size)));
    TOMOSLAB_RETURN_IF_ERROR(file_.SetAttribute(kData, "center_mm", absl::MakeConstSpan(center)));
    TOMOSLAB_RETURN_IF_ERROR(file_.AddGroup(kProcess));
    for (const auto& [name, text] : record.provenance)
      TOMOSLAB_RETURN_IF_ERROR(file_.SetAttribute(kProcess, name, text));
    for (const auto& [name, value] : record.figures)
      TOMOSLAB_RETURN_IF_ERROR(file_.SetAttribute(kProcess, name, value));
    return absl::OkStatus();
  }

  absl::Status Append(absl::Span<const float> lines) override {
    const std::int64_t rows = volume_.rows, columns = volume_.columns;
    std::int64_t left = static_cast<std::int64_t>(lines.size()) / columns;
    if (next_line_ + left > rows * volume_.slices)
      return absl::OutOfRangeError(absl::StrCat(file_.path(), ": more lines than the volume has"));
    const float* data = lines.data();
    while (left > 0) {
      const std::int64_t slice = next_line_ / rows, row = next_line_ % rows;
      const std::int64_t slices = row == 0 ? left / rows : 0;
      const std::int64_t count = slices > 0 ? slices * rows : std::min(left, rows - row);
      const std::vector<std::int64_t> block = slices > 0
                                                  ? std::vector{slices, rows, columns}
                                                  : std::vector{std::int64_t{1}, count, columns};
      TOMOSLAB_RETURN_IF_ERROR(
          file_.Write(dataset_, H5T_NATIVE_FLOAT, {slice, row, 0}, block, data));
      data += count * columns;
      next_line_ += count;
      left -= count;
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    const std::int64_t lines = std::int64_t{volume_.rows} * volume_.slices;
    if (next_line_ != lines)
      return absl::FailedPreconditionError(
          absl::StrFormat("%s: %d of %d lines were written", file_.path(), next_line_, lines));
    dataset_ = Hdf5Handle();
    return file_.Publish();
  }

 private:
  Hdf5NewFile file_;
  Hdf5Handle dataset_;  // destroyed before the file
  Volume volume_;
  std::int64_t next_line_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<VolumeWriter>> MakeHdf5VolumeWriter(const std::string& path,
                                                                   const VolumeRecord& record) {
  TOMOSLAB_ASSIGN_OR_RETURN(Hdf5NewFile file, Hdf5NewFile::Create(path));
  auto writer = std::make_unique<Hdf5VolumeWriter>(std::move(file), record.volume);
  TOMOSLAB_RETURN_IF_ERROR(writer->Begin(record));
  return writer;
}

}  // namespace tomoslab
