#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"
#include "worker/data/tiff_image.h"
#include "worker/data/volume_writer.h"

namespace tomoslab {
namespace {

class TiffVolumeWriter final : public VolumeWriter {
 public:
  TiffVolumeWriter(std::string folder, const VolumeRecord& record)
      : folder_(std::move(folder)), volume_(record.volume), numbers_(record.numbers) {
    text_ = absl::StrFormat("unit=%s\nvoxel_width_mm=%g\nspacing_mm=%g\n", record.unit,
                            volume_.voxel_width_mm, volume_.voxel_height_mm);
    for (const auto& [name, value] : record.provenance)
      absl::StrAppend(&text_, name, "=", value, "\n");
    for (const auto& [name, value] : record.figures)
      absl::StrAppendFormat(&text_, "%s=%g\n", name, value);
  }
  ~TiffVolumeWriter() override {
    if (!image_) return;
    image_.reset();
    std::remove(PartPath().c_str());
  }

  absl::Status Append(absl::Span<const float> lines) override {
    const std::size_t columns = volume_.columns;
    for (std::size_t first = 0; first + columns <= lines.size(); first += columns) {
      if (slice_ >= volume_.slices)
        return absl::OutOfRangeError(absl::StrCat(folder_, ": more lines than the volume has"));
      TOMOSLAB_RETURN_IF_ERROR(AppendLine(lines.subspan(first, columns)));
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    if (slice_ == volume_.slices) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: %d of %d slices were written", folder_, slice_, volume_.slices));
  }

 private:
  std::string Path() const { return absl::StrFormat("%s/recon_%05d.tiff", folder_, slice_); }
  std::string PartPath() const { return Path() + ".part"; }

  SampleType SampleTypeOf() const {
    return numbers_ == VolumeNumbers::kUint8 ? SampleType::kUint8 : SampleType::kFloat32;
  }

  absl::Status AppendLine(absl::Span<const float> line) {
    if (!image_) {
      TOMOSLAB_ASSIGN_OR_RETURN(
          image_, TiffImage::Create(PartPath(), {volume_.rows, volume_.columns, SampleTypeOf()},
                                    10 / volume_.voxel_width_mm, text_));
    }
    TOMOSLAB_RETURN_IF_ERROR(image_->WriteLine(row_, line));
    if (++row_ < volume_.rows) return absl::OkStatus();
    TOMOSLAB_RETURN_IF_ERROR(image_->Close());
    image_.reset();
    std::error_code error;
    std::filesystem::rename(PartPath(), Path(), error);
    if (error) return absl::ResourceExhaustedError(absl::StrCat(Path(), ": ", error.message()));
    row_ = 0;
    ++slice_;
    return absl::OkStatus();
  }

  std::string folder_, text_;
  Volume volume_;
  VolumeNumbers numbers_;
  int slice_ = 0, row_ = 0;  // the next line
  std::optional<TiffImage> image_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<VolumeWriter>> MakeTiffVolumeWriter(const std::string& folder,
                                                                   const VolumeRecord& record) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!std::filesystem::is_directory(folder)) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder, ": cannot be made a folder: ", error.message()));
  }
  return std::make_unique<TiffVolumeWriter>(
      folder.ends_with('/') ? folder.substr(0, folder.size() - 1) : folder, record);
}

absl::StatusOr<std::unique_ptr<VolumeWriter>> MakeVolumeWriter(const std::string& output,
                                                               const VolumeRecord& record) {
  const std::filesystem::path path(output);
  const std::string extension = absl::AsciiStrToLower(path.extension().string());
  std::error_code error;
  if (output.ends_with('/') || std::filesystem::is_directory(path, error))
    return MakeTiffVolumeWriter(output, record);
  if (extension == ".h5" || extension == ".hdf5" || extension == ".hdf" || extension == ".nxs") {
    return MakeHdf5VolumeWriter(output, record);
  }
  return absl::InvalidArgumentError(absl::StrCat(output,
                                                 ": end the name in .h5 for an HDF5 file, or in / "
                                                 "for a folder with one TIFF image per slice"));
}

}  // namespace tomoslab
