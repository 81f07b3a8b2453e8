#include "worker/data/slice_image.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace tomoslab {

GreyWindow PercentileWindow(const std::vector<const SliceImage*>& images) {
  std::vector<float> values;
  for (const SliceImage* image : images) {
    std::copy_if(image->value.begin(), image->value.end(), std::back_inserter(values),
                 [](float v) { return std::isfinite(v); });
  }
  if (values.empty()) return {};
  const auto quantile = [&](double q) {
    const auto at = values.begin() + std::lround(q * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return static_cast<double>(*at);
  };
  const GreyWindow window{quantile(0.005), quantile(0.995)};
  return window.low < window.high ? window : GreyWindow{window.low, window.low + 1};
}

absl::Status WritePng(const std::string& path, const SliceImage& image, const GreyWindow& window) {
  std::vector<png_byte> grey(image.value.size());
  for (std::size_t i = 0; i < grey.size(); ++i) {
    const double scaled = (image.value[i] - window.low) / (window.high - window.low);
    grey[i] = std::isfinite(scaled)
                  ? static_cast<png_byte>(std::lround(255 * std::clamp(scaled, 0.0, 1.0)))
                  : 0;
  }
  png_image png;
  std::memset(&png, 0, sizeof png);
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.columns);
  png.height = static_cast<png_uint_32>(image.rows);
  png.format = PNG_FORMAT_GRAY;
  if (png_image_write_to_file(&png, path.c_str(), 0, grey.data(), 0, nullptr) != 0)
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be written (", png.message, ")"));
}

MiddlePlanes::MiddlePlanes(const Volume& volume)
    : slices_(volume.slices), rows_(volume.rows), columns_(volume.columns) {
  const auto blank = [](int rows, int columns) {
    return SliceImage{rows, columns,
                      std::vector<float>(std::size_t{static_cast<std::size_t>(rows)} * columns)};
  };
  axial_ = blank(rows_, columns_);
  coronal_ = blank(slices_, columns_);
  sagittal_ = blank(slices_, rows_);
}

void MiddlePlanes::Add(std::int64_t first_line, absl::Span<const float> lines) {
  const std::int64_t count = static_cast<std::int64_t>(lines.size()) / columns_;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t slice = (first_line + i) / rows_, row = (first_line + i) % rows_;
    const float* line = lines.data() + i * columns_;
    if (slice == slices_ / 2) std::copy_n(line, columns_, axial_.value.begin() + row * columns_);
    if (row == rows_ / 2) std::copy_n(line, columns_, coronal_.value.begin() + slice * columns_);
    sagittal_.value[slice * rows_ + row] = line[columns_ / 2];
  }
}

}  // namespace tomoslab
