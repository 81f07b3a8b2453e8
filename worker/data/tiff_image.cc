#include "worker/data/tiff_image.h"

#include <sys/stat.h>
#include <algorithm>

#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tomoslab {
namespace {

thread_local std::string last_error;

void KeepError(const char*, const char* format, std::va_list arguments) {
  char text[300];
  std::vsnprintf(text, sizeof text, format, arguments);
  last_error = text;
}

TIFF* OpenQuietly(const std::string& path, const char* mode) {
  TIFFSetErrorHandler(KeepError);
  TIFFSetWarningHandler(nullptr);
  last_error.clear();
  return TIFFOpen(path.c_str(), mode);
}

absl::Status CannotOpen(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be opened: ", std::strerror(errno)));
  }
  return absl::DataLossError(
      absl::StrCat(path, ": is not a readable TIFF file (", last_error, ")"));
}

template <class Stored, class Wanted>
void ConvertTo(const std::byte* stored, int count, std::byte* out) {
  for (int i = 0; i < count; ++i) {
    Stored value;
    std::memcpy(&value, stored + i * sizeof(Stored), sizeof(Stored));
    const auto number = static_cast<Wanted>(value);
    std::memcpy(out + i * sizeof(Wanted), &number, sizeof(Wanted));
  }
}

template <class Stored>
void ToFloats(const std::byte* stored, int count, std::byte* out) {
  ConvertTo<Stored, float>(stored, count, out);
}

}  // namespace

absl::StatusOr<int> CountTiffPages(const std::string& path) {
  TIFF* tiff = OpenQuietly(path, "r");
  if (tiff == nullptr) return CannotOpen(path);
  const int pages = TIFFNumberOfDirectories(tiff);
  TIFFClose(tiff);
  if (pages > 0) return pages;
  return absl::DataLossError(absl::StrCat(path, ": holds no image (", last_error, ")"));
}

absl::StatusOr<TiffImage> TiffImage::Open(const std::string& path, int page) {
  TiffImage image;
  image.path_ = path;
  image.tiff_.reset(OpenQuietly(path, "r"));
  if (image.tiff_ == nullptr) return CannotOpen(path);
  TIFF* tiff = image.tiff_.get();
  if (page > 0 && TIFFSetDirectory(tiff, static_cast<tdir_t>(page)) == 0) {
    return absl::DataLossError(absl::StrFormat("%s: has no image %d (%s)", path, page, last_error));
  }
  std::uint32_t columns = 0, rows = 0;
  std::uint16_t bits = 1, samples = 1, format = SAMPLEFORMAT_UINT;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &columns);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &rows);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  if (columns < 1 || rows < 1 || columns > 65536 || rows > 65536) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: an image of %d x %d pixels (rows x columns); 1 to 65536 are possible",
                        path, rows, columns));
  }
  const bool known = (format == SAMPLEFORMAT_IEEEFP && (bits == 32 || bits == 64)) ||
                     ((format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_INT) &&
                      (bits == 8 || bits == 16 || bits == 32));
  if (samples != 1 || TIFFIsTiled(tiff) != 0 || !known) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %d samples of %d bits per pixel, sample format %d%s; plain grey "
                        "images of 8, 16 or 32-bit integers or "
                        "32 or 64-bit floats in strips are read",
                        path, samples, bits, format, TIFFIsTiled(tiff) != 0 ? ", tiled" : ""));
  }
  image.rows_ = static_cast<int>(rows);
  image.columns_ = static_cast<int>(columns);
  image.bits_ = bits;
  image.format_ = format;
  image.buffer_ = std::make_unique<std::byte[]>(TIFFScanlineSize64(tiff));
  return image;
}

SampleType TiffImage::sample_type() const {
  if (format_ == SAMPLEFORMAT_UINT && bits_ == 8) return SampleType::kUint8;
  if (format_ == SAMPLEFORMAT_UINT && bits_ == 16) return SampleType::kUint16;
  return SampleType::kFloat32;
}

absl::Status TiffImage::ReadLine(int row, SampleType type, std::byte* line) {
  if (type < sample_type()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: its %s do not fit into %s", path_, Name(sample_type()), Name(type)));
  }
  if (TIFFReadScanline(tiff_.get(), buffer_.get(), static_cast<std::uint32_t>(row), 0) != 1) {
    return absl::DataLossError(
        absl::StrFormat("%s: row %d cannot be read (%s); the file is truncated or damaged", path_,
                        row, last_error));
  }
  const bool real = format_ == SAMPLEFORMAT_IEEEFP, is_signed = format_ == SAMPLEFORMAT_INT;
  if ((real && bits_ == 32) || (type == sample_type() && type != SampleType::kFloat32)) {
    std::memcpy(line, buffer_.get(),
                std::size_t{static_cast<std::size_t>(columns_)} * BytesPerSample(type));
  } else if (real) {
    ToFloats<double>(buffer_.get(), columns_, line);
  } else if (type == SampleType::kUint16) {
    ConvertTo<std::uint8_t, std::uint16_t>(buffer_.get(), columns_, line);
  } else if (bits_ == 8) {
    is_signed ? ToFloats<std::int8_t>(buffer_.get(), columns_, line)
              : ToFloats<std::uint8_t>(buffer_.get(), columns_, line);
  } else if (bits_ == 16) {
    is_signed ? ToFloats<std::int16_t>(buffer_.get(), columns_, line)
              : ToFloats<std::uint16_t>(buffer_.get(), columns_, line);
  } else {
    is_signed ? ToFloats<std::int32_t>(buffer_.get(), columns_, line)
              : ToFloats<std::uint32_t>(buffer_.get(), columns_, line);
  }
  return absl::OkStatus();
}

absl::StatusOr<TiffImage> TiffImage::Create(const std::string& path, const Layout& layout,
                                            double resolution_per_cm, const std::string& text) {
  const auto [rows, columns, type] = layout;
  TiffImage image;
  image.path_ = path;
  image.bits_ = type == SampleType::kUint8 ? 8 : 32;
  image.format_ = type == SampleType::kUint8 ? SAMPLEFORMAT_UINT : SAMPLEFORMAT_IEEEFP;
  // BigTIFF where an ordinary TIFF could not hold the image.
  const bool big = std::int64_t{rows} * columns * 4 > (std::int64_t{4} << 30) - (1 << 20);
  image.tiff_.reset(OpenQuietly(path, big ? "w8" : "w"));
  if (image.tiff_ == nullptr)
    return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be created (", last_error, ")"));
  TIFF* tiff = image.tiff_.get();
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, columns);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, rows);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, image.bits_);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, image.format_);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, TIFFDefaultStripSize(tiff, 0));
  TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, text.c_str());
  if (resolution_per_cm > 0) {
    TIFFSetField(tiff, TIFFTAG_XRESOLUTION, resolution_per_cm);
    TIFFSetField(tiff, TIFFTAG_YRESOLUTION, resolution_per_cm);
    TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_CENTIMETER);
  }
  image.rows_ = rows;
  image.columns_ = columns;
  image.buffer_ = std::make_unique<std::byte[]>(std::size_t{4} * columns);
  return image;
}

absl::Status TiffImage::WriteLine(int row, absl::Span<const float> line) {
  if (bits_ == 8) {
    std::transform(line.begin(), line.end(), buffer_.get(), [](float value) {
      return static_cast<std::byte>(static_cast<std::uint8_t>(value));
    });
  } else {
    std::memcpy(buffer_.get(), line.data(),
                line.size() * sizeof(float));  // libtiff may swap bytes in place
  }
  if (TIFFWriteScanline(tiff_.get(), buffer_.get(), static_cast<std::uint32_t>(row), 0) == 1)
    return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "%s: row %d cannot be written (%s); is the disk full?", path_, row, last_error));
}

absl::Status TiffImage::Close() {
  const bool written = TIFFFlush(tiff_.get()) == 1;
  tiff_.reset();
  if (written) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(path_, ": cannot be written (", last_error, "); is the disk full?"));
}

}  // namespace tomoslab
