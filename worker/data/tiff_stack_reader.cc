#include "worker/data/tiff_stack_reader.h"

#include <glob.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/core/status.h"
#include "worker/data/import_geometry.h"
#include "worker/data/tiff_image.h"

namespace tomoslab {
namespace {

// Runs of digits compare by value, everything else by character.
bool NaturallyLess(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
      continue;
    }
    while (i < a.size() && a[i] == '0') ++i;
    while (j < b.size() && b[j] == '0') ++j;
    std::size_t i_end = i, j_end = j;
    while (i_end < a.size() && digit(a[i_end])) ++i_end;
    while (j_end < b.size() && digit(b[j_end])) ++j_end;
    if (i_end - i != j_end - j) return i_end - i < j_end - j;
    if (const int order = a.compare(i, i_end - i, b, j, j_end - j); order != 0) return order < 0;
    i = i_end, j = j_end;
  }
  return a.size() - i < b.size() - j;
}

struct Frame {
  std::string path;
  int page = 0;
};

absl::StatusOr<std::vector<Frame>> ListFrames(const std::vector<std::string>& files) {
  std::vector<Frame> frames;
  for (const std::string& path : files) {
    TOMOSLAB_ASSIGN_OR_RETURN(const int pages, CountTiffPages(path));
    for (int page = 0; page < pages; ++page) frames.push_back({path, page});
  }
  return frames;
}

class TiffStackReader final : public ProjectionReader {
 public:
  TiffStackReader(std::array<std::vector<Frame>, 3> frames, ScanDescription description)
      : frames_(std::move(frames)) {
    description_ = std::move(description);
  }

  absl::Status ReadLines(FrameKind kind, std::int64_t begin, std::int64_t end,
                         absl::Span<std::byte> lines) override {
    TOMOSLAB_RETURN_IF_ERROR(CheckRequest(kind, begin, end, lines.size()));
    const std::int64_t rows = description_.scan.detector.rows;
    for (std::int64_t line = begin; line < end; ++line) {
      const Frame& frame = frames_[static_cast<int>(kind)][line / rows];
      TOMOSLAB_RETURN_IF_ERROR(OpenFrame(frame));
      TOMOSLAB_RETURN_IF_ERROR(
          open_->ReadLine(static_cast<int>(line % rows), description_.sample_type,
                          lines.data() + (line - begin) * description_.BytesPerLine()));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status OpenFrame(const Frame& frame) {
    if (open_ && open_frame_.path == frame.path && open_frame_.page == frame.page)
      return absl::OkStatus();
    open_.reset();
    TOMOSLAB_ASSIGN_OR_RETURN(TiffImage image, TiffImage::Open(frame.path, frame.page));
    if (image.rows() != description_.scan.detector.rows ||
        image.columns() != description_.scan.detector.columns) {
      return absl::DataLossError(
          absl::StrCat(frame.path, ": has changed its shape since the scan was opened"));
    }
    open_ = std::move(image);
    open_frame_ = frame;
    return absl::OkStatus();
  }

  std::array<std::vector<Frame>, 3> frames_;  // by FrameKind
  std::optional<TiffImage> open_;             // the frame read last
  Frame open_frame_;
};

// Every image must have the detector's shape; the widest sample type wins.
absl::Status CheckImages(const std::array<std::vector<Frame>, 3>& frames, ScanDescription& d) {
  std::optional<SampleType> common;
  for (const std::vector<Frame>& kind : frames) {
    for (const Frame& frame : kind) {
      TOMOSLAB_ASSIGN_OR_RETURN(const TiffImage image, TiffImage::Open(frame.path, frame.page));
      if (image.rows() != d.scan.detector.rows || image.columns() != d.scan.detector.columns) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "%s: %d x %d pixels (rows x columns), but the detector has %d x %d", frame.path,
            image.rows(), image.columns(), d.scan.detector.rows, d.scan.detector.columns));
      }
      common = common ? std::max(*common, image.sample_type()) : image.sample_type();
    }
  }
  d.sample_type = *common;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ListTiffFiles(const std::string& folder,
                                                       const std::string& pattern) {
  const std::string path = (std::filesystem::path(folder) / pattern).string();
  std::vector<std::string> files;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
      const std::string extension = absl::AsciiStrToLower(entry.path().extension().string());
      if (extension == ".tif" || extension == ".tiff") files.push_back(entry.path().string());
    }
  } else {
    glob_t found;
    if (glob(path.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
      files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    globfree(&found);
  }
  if (files.empty()) return absl::NotFoundError(absl::StrCat(path, ": no TIFF file is there"));
  std::sort(files.begin(), files.end(), NaturallyLess);
  return files;
}

absl::StatusOr<std::unique_ptr<ProjectionReader>> OpenTiffStack(const TiffStack& stack,
                                                                ScanDescription description) {
  std::array<std::vector<Frame>, 3> frames;
  TOMOSLAB_ASSIGN_OR_RETURN(frames[0], ListFrames(stack.projections));
  TOMOSLAB_ASSIGN_OR_RETURN(frames[1], ListFrames(stack.flats));
  TOMOSLAB_ASSIGN_OR_RETURN(frames[2], ListFrames(stack.darks));
  const std::size_t views = description.scan.views.size();
  if (frames[0].size() != views || views == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d projection images, but the geometry has %d views", frames[0].size(), views));
  }
  TOMOSLAB_RETURN_IF_ERROR(CheckImages(frames, description));
  description.flat_count = static_cast<std::int64_t>(frames[1].size());
  description.dark_count = static_cast<std::int64_t>(frames[2].size());
  const std::array<const char*, 3> names = {"projections", "flats", "darks"};
  for (int kind = 0; kind < 3; ++kind) {
    if (frames[kind].empty()) continue;
    Note(description.report, names[kind],
         absl::StrFormat("%d images, %s", frames[kind].size(), Name(description.sample_type)),
         absl::StrCat(frames[kind].front().path, " .. ",
                      std::filesystem::path(frames[kind].back().path).filename().string()),
         Origin::kRead);
  }
  return std::make_unique<TiffStackReader>(std::move(frames), std::move(description));
}

}  // namespace tomoslab
