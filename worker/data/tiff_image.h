// One grey image of a TIFF file, read and written line by line.
#pragma once

#include <tiffio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/data/scan_description.h"

namespace tomoslab {

class TiffImage {
 public:
  /// Page `page` (from 0) of a file. NotFound, InvalidArgument (colour, tiles, odd bit depths),
  /// DataLoss.
  static absl::StatusOr<TiffImage> Open(const std::string& path, int page);
  struct Layout {
    int rows = 0, columns = 0;
    SampleType type = SampleType::kFloat32;  // or kUint8
  };
  /// A new file with one image. `resolution_per_cm`: pixels per cm along columns and rows;
  /// 0 = not said.
  static absl::StatusOr<TiffImage> Create(const std::string& path, const Layout& layout,
                                          double resolution_per_cm, const std::string& text);

  int rows() const { return rows_; }
  int columns() const { return columns_; }
  /// What its numbers become: uint8, uint16, or float32 for all others.
  SampleType sample_type() const;

  /// One line as `type` (its own or a wider one), into columns · BytesPerSample(type) bytes.
  /// InvalidArgument: a narrower one.
  absl::Status ReadLine(int row, SampleType type, std::byte* line);
  /// Numbers that the image's type holds exactly.
  absl::Status WriteLine(int row, absl::Span<const float> line);
  absl::Status Close();

 private:
  struct CloseTiff {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  };

  std::string path_;
  std::unique_ptr<TIFF, CloseTiff> tiff_;
  int rows_ = 0, columns_ = 0, bits_ = 0, format_ = 0;
  std::unique_ptr<std::byte[]> buffer_;  // one line as stored
};

/// The number of images in a file.
absl::StatusOr<int> CountTiffPages(const std::string& path);

}  // namespace tomoslab
