#include "server/plane_reader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "proto/chunking.h"
#include "server/plane_shape.h"
#include "worker/core/status.h"

namespace tomoslab {
namespace {

char* Bytes(float* values) { return reinterpret_cast<char*>(values); }

}  // namespace

absl::StatusOr<v1::PreviewReady> PlaneOfVolume(const v1::VolumeGeometry& volume,
                                               const v1::ReadPreviewRequest& request) {
  v1::PreviewReady plane;
  plane.set_plane(request.plane() == v1::PLANE_UNSPECIFIED ? v1::AXIAL : request.plane());
  if (!v1::Plane_IsValid(plane.plane())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("plane = %d; known are axial, coronal and sagittal", request.plane()));
  }
  const PlaneShape shape = ShapeOf(plane.plane(), volume);
  plane.set_index(request.has_index() ? request.index() : shape.count / 2);
  if (plane.index() < 0 || plane.index() >= shape.count) {
    return absl::OutOfRangeError(absl::StrFormat(
        "%s slice %d lies outside the %d of the volume",
        absl::AsciiStrToLower(v1::Plane_Name(plane.plane())), plane.index(), shape.count));
  }
  plane.set_rows(shape.rows);
  plane.set_columns(shape.columns);
  return plane;
}

IndexRange SlicesOf(const v1::PreviewReady& plane, const v1::VolumeGeometry& volume) {
  if (plane.plane() != v1::AXIAL) return {0, volume.slices()};
  return {plane.index(), plane.index() + 1};
}

std::int64_t PlaneReader::LinesPerRow() const {
  return plane_.plane() == v1::SAGITTAL ? file_.rows() : 1;
}

absl::Status PlaneReader::ReadColumnOf(IndexRange lines, float* pixels) const {
  const std::int64_t columns = file_.bytes_per_line() / static_cast<std::int64_t>(sizeof(float));
  const std::int64_t most = LinesPerChunk(file_.bytes_per_line());
  std::vector<float> buffer(static_cast<std::size_t>(std::min(most, lines.size()) * columns));
  while (!lines.empty()) {
    const IndexRange part{lines.begin, std::min(lines.end, lines.begin + most)};
    TOMOSLAB_RETURN_IF_ERROR(file_.Read(part, Bytes(buffer.data())));
    for (std::int64_t i = 0; i < part.size(); ++i)
      *pixels++ = buffer[static_cast<std::size_t>(i * columns + plane_.index())];
    lines.begin = part.end;
  }
  return absl::OkStatus();
}

absl::Status PlaneReader::ReadRows(IndexRange rows, float* pixels) const {
  const std::int64_t lines_per_slice = file_.rows();
  switch (plane_.plane()) {
    case v1::SAGITTAL:
      return ReadColumnOf({rows.begin * lines_per_slice, rows.end * lines_per_slice}, pixels);
    case v1::CORONAL:
      for (std::int64_t z = rows.begin; z < rows.end; ++z, pixels += plane_.columns()) {
        const std::int64_t line = z * lines_per_slice + plane_.index();
        TOMOSLAB_RETURN_IF_ERROR(file_.Read({line, line + 1}, Bytes(pixels)));
      }
      return absl::OkStatus();
    default: {
      const std::int64_t first = plane_.index() * lines_per_slice;
      return file_.Read({first + rows.begin, first + rows.end}, Bytes(pixels));
    }
  }
}

absl::StatusOr<bool> PlaneReader::Next(v1::PreviewChunk* chunk) {
  if (next_row_ >= plane_.rows()) return false;
  const std::int64_t most = LinesPerChunk(LinesPerRow() * file_.bytes_per_line());
  const int rows = static_cast<int>(std::min<std::int64_t>(plane_.rows() - next_row_, most));
  std::vector<float> pixels(static_cast<std::size_t>(rows) * plane_.columns());
  TOMOSLAB_RETURN_IF_ERROR(ReadRows({next_row_, next_row_ + rows}, pixels.data()));
  *chunk->mutable_preview() = plane_;
  FillChunk(next_row_, std::int64_t{plane_.columns()} * static_cast<std::int64_t>(sizeof(float)),
            {Bytes(pixels.data()), pixels.size() * sizeof(float)}, chunk);
  next_row_ += rows;
  return true;
}

}  // namespace tomoslab
