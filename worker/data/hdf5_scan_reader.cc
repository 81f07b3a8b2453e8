#include "worker/data/hdf5_scan_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "worker/core/status.h"
#include "worker/data/import_geometry.h"

namespace tomoslab {
namespace {

class Hdf5ScanReader final : public ProjectionReader {
 public:
  Hdf5ScanReader(Hdf5File file, Hdf5Import import)
      : file_(std::move(file)), source_(std::move(import.source)) {
    description_ = std::move(import.description);
  }

  absl::Status ReadLines(FrameKind kind, std::int64_t begin, std::int64_t end,
                         absl::Span<std::byte> lines) override {
    TOMOSLAB_RETURN_IF_ERROR(CheckRequest(kind, begin, end, lines.size()));
    const std::int64_t rows = description_.scan.detector.rows;
    std::byte* out = lines.data();
    while (begin < end) {
      const std::int64_t frame = begin / rows, row = begin % rows;
      const std::int64_t frames = row == 0 ? WholeFrames(kind, frame, (end - begin) / rows) : 0;
      const std::int64_t row_count = frames > 0 ? rows : std::min(rows - row, end - begin);
      TOMOSLAB_RETURN_IF_ERROR(
          ReadBlock(kind, frame, std::max<std::int64_t>(frames, 1), row, row_count, out));
      const std::int64_t done = std::max<std::int64_t>(frames, 1) * row_count;
      out += done * description_.BytesPerLine();
      begin += done;
    }
    return absl::OkStatus();
  }

 private:
  // How many of `most` frames from `frame` on lie one after the other in the file, in the order of
  // the wire.
  std::int64_t WholeFrames(FrameKind kind, std::int64_t frame, std::int64_t most) const {
    const FrameSource& source = *source_[static_cast<int>(kind)];
    if (source.order == FrameOrder::kSinogramFirst) return std::min<std::int64_t>(most, 1);
    std::int64_t count = std::min<std::int64_t>(most, 1);
    while (count < most && source.index[frame + count] == source.index[frame] + count) ++count;
    return count;
  }

  absl::Status ReadBlock(FrameKind kind, std::int64_t frame, std::int64_t frames, std::int64_t row,
                         std::int64_t rows, std::byte* out) const {
    const FrameSource& source = *source_[static_cast<int>(kind)];
    const std::int64_t index = source.index[frame], columns = description_.scan.detector.columns;
    absl::Status status;
    if (source.dataset.shape.size() == 2) {  // a single frame [row][column]
      status = source.dataset.Read({row, 0}, {rows, columns}, description_.sample_type, out);
    } else if (source.order == FrameOrder::kFrameFirst) {
      status = source.dataset.Read({index, row, 0}, {frames, rows, columns},
                                   description_.sample_type, out);
    } else {
      status = source.dataset.Read({row, index, 0}, {rows, frames, columns},
                                   description_.sample_type, out);
    }
    if (status.ok()) return status;
    return absl::Status(status.code(),
                        absl::StrCat(file_.path(), ", ", std::string(status.message())));
  }

  Hdf5File file_;
  std::array<std::shared_ptr<FrameSource>, 3> source_;
};

}  // namespace

absl::Status ProjectionReader::CheckRequest(FrameKind kind, std::int64_t begin, std::int64_t end,
                                            std::size_t bytes) const {
  if (begin < 0 || end < begin || end > description_.LineCount(kind)) {
    return absl::OutOfRangeError(absl::StrFormat("%s lines [%d, %d) of %d were asked for",
                                                 Name(kind), begin, end,
                                                 description_.LineCount(kind)));
  }
  if (static_cast<std::int64_t>(bytes) != (end - begin) * description_.BytesPerLine()) {
    return absl::InvalidArgumentError(absl::StrFormat("room for %d bytes, but %d lines have %d",
                                                      bytes, end - begin,
                                                      (end - begin) * description_.BytesPerLine()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ProjectionReader>> OpenHdf5Scan(const std::string& path,
                                                               const ScanHints& hints) {
  TOMOSLAB_ASSIGN_OR_RETURN(Hdf5File file, Hdf5File::Open(path));
  const std::string entry = FindNxtomoEntry(file);
  TOMOSLAB_ASSIGN_OR_RETURN(Hdf5Import import, entry.empty() ? ImportDataExchange(file, hints)
                                                             : ImportNxtomo(file, entry, hints));
  return std::make_unique<Hdf5ScanReader>(std::move(file), std::move(import));
}

absl::StatusOr<std::shared_ptr<FrameSource>> OpenFrames(const Hdf5File& file,
                                                        const std::string& key, FrameOrder order) {
  auto source = std::make_shared<FrameSource>();
  TOMOSLAB_ASSIGN_OR_RETURN(source->dataset, file.OpenDataset(key));
  source->order = order;
  const std::vector<std::int64_t>& shape = source->dataset.shape;
  const bool empty =
      std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 1; });
  if (shape.size() != 3 || empty) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s, %s: has shape [%s]; frames need three axes [view, row, column], none of them empty",
        file.path(), key, absl::StrJoin(shape, ", ")));
  }
  if (RowCountOf(*source) > 65536 || ColumnCountOf(*source) > 65536 ||
      FrameCountOf(*source) > 1'000'000) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s, %s: shape [%s] is beyond 1,000,000 views of 65,536 x 65,536 pixels; "
                        "are the axes in another order?",
                        file.path(), key, absl::StrJoin(shape, ", ")));
  }
  source->index.resize(FrameCountOf(*source));
  for (std::size_t i = 0; i < source->index.size(); ++i)
    source->index[i] = static_cast<std::int64_t>(i);
  return source;
}

std::int64_t FrameCountOf(const FrameSource& source) {
  if (source.dataset.shape.size() == 2) return 1;
  return source.dataset.shape[source.order == FrameOrder::kFrameFirst ? 0 : 1];
}

std::int64_t RowCountOf(const FrameSource& source) {
  if (source.dataset.shape.size() == 2) return source.dataset.shape[0];
  return source.dataset.shape[source.order == FrameOrder::kFrameFirst ? 1 : 0];
}

std::int64_t ColumnCountOf(const FrameSource& source) { return source.dataset.shape.back(); }

SampleType CommonSampleType(const Hdf5Import& import, std::vector<ImportedValue>& report) {
  std::optional<SampleType> common;
  for (const auto& source : import.source) {
    if (source == nullptr) continue;
    const SampleType type = source->dataset.sample_type.value_or(SampleType::kFloat32);
    common = common ? std::max(*common, type) : type;
  }
  for (const auto& source : import.source) {
    if (source == nullptr || source->dataset.sample_type == *common) continue;
    Note(report, absl::StrCat("conversion of ", source->dataset.key),
         absl::StrCat(source->dataset.stored_type, " to ", Name(*common)),
         "sent line by line as this type", Origin::kRead);
  }
  return *common;
}

absl::StatusOr<double> LengthMm(const Hdf5File& file, const std::string& key,
                                const std::string& default_unit) {
  TOMOSLAB_ASSIGN_OR_RETURN(const double value, file.Number(key));
  absl::StatusOr<std::string> unit = file.TextAttribute(key, "units");
  if (!unit.ok() && !IsMissing(unit.status())) return unit.status();
  const absl::StatusOr<double> scale =
      MillimetersPer(unit.ok() && !unit->empty() ? *unit : default_unit);
  if (!scale.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.path(), ", ", key, ": ", std::string(scale.status().message())));
  }
  return value * *scale;
}

absl::StatusOr<std::vector<double>> AnglesRad(const Hdf5File& file, const std::string& key) {
  TOMOSLAB_ASSIGN_OR_RETURN(std::vector<double> angles, file.Numbers(key));
  absl::StatusOr<std::string> unit = file.TextAttribute(key, "units");
  if (!unit.ok() && !IsMissing(unit.status())) return unit.status();
  const absl::StatusOr<double> scale = RadiansPer(unit.ok() && !unit->empty() ? *unit : "deg");
  if (!scale.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.path(), ", ", key, ": ", std::string(scale.status().message())));
  }
  for (std::size_t i = 0; i < angles.size(); ++i) {
    if (!std::isfinite(angles[i])) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s, %s: angle %d (from 0, of %d) is %g, not a number; was the scan interrupted?",
          file.path(), key, i, angles.size(), angles[i]));
    }
    angles[i] *= *scale;
  }
  return angles;
}

}  // namespace tomoslab
