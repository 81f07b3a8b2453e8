// A TIFF image of a stack.
#include <cstdint>
#include <vector>

#include "tests/fuzz/memory_file.h"
#include "worker/data/tiff_image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tomoslab::SampleType;
  const tomoslab::MemoryFile file(data, size);
  (void)tomoslab::CountTiffPages(file.path());
  absl::StatusOr<tomoslab::TiffImage> image = tomoslab::TiffImage::Open(file.path(), 0);
  if (!image.ok()) return 0;
  // Readers refuse detectors of more than 65,536 columns before they allot a line.
  if (image->columns() > 65536) return 0;
  std::vector<std::byte> line(static_cast<std::size_t>(image->columns()) * 4);
  for (int row = 0; row < image->rows() && row < 8; ++row) {
    if (!image->ReadLine(row, SampleType::kFloat32, line.data()).ok()) break;
  }
  return 0;
}
