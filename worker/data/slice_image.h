// Slices as images for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

struct SliceImage {
  int rows = 0, columns = 0;
  std::vector<float> value;  // [row][column], 1/mm
};

/// The grey scale: low is black, high is white. low < high.
struct GreyWindow {
  double low = 0, high = 1;
};

/// From the 0.5th to the 99.5th percentile of all finite values of the images.
GreyWindow PercentileWindow(const std::vector<const SliceImage*>& images);

/// 8-bit grey; values that are not numbers are black. ResourceExhausted or InvalidArgument when it
/// cannot be written.
absl::Status WritePng(const std::string& path, const SliceImage& image, const GreyWindow& window);

/// Picks the three middle planes out of a volume whose lines pass by.
class MiddlePlanes {
 public:
  explicit MiddlePlanes(const Volume& volume);
  /// Whole lines from line `first_line` (slice · rows + row) on.
  void Add(std::int64_t first_line, absl::Span<const float> lines);

  const SliceImage& axial() const { return axial_; }        // z = slices / 2: [y][x]
  const SliceImage& coronal() const { return coronal_; }    // y = rows / 2: [z][x]
  const SliceImage& sagittal() const { return sagittal_; }  // x = columns / 2: [z][y]

 private:
  int slices_, rows_, columns_;
  SliceImage axial_, coronal_, sagittal_;
};

}  // namespace tomoslab
