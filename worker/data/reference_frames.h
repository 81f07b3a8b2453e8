// Flats or darks of a scan, averaged, as they were at the time of each view.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/data/sample_correction.h"
#include "worker/geometry/volume.h"

namespace tomoslab {

/// Frames without an object (flats) or without a beam (darks), of the detector rows that a rank
/// owns. Frames taken at one position in the scan are averaged; between positions, averages are
/// interpolated linearly over the views, and beyond the first and the last position they stay as
/// they are.
class ReferenceFrames {
 public:
  /// No frames at all.
  ReferenceFrames() = default;

  /// rows: held here.   after_views: per frame, how many views had been taken before it; empty: all
  /// frames before the scan. InvalidArgument: neither empty nor one per frame, or a negative
  /// number.
  static absl::StatusOr<ReferenceFrames> Create(IndexRange rows, int columns, std::int64_t frames,
                                                absl::Span<const int> after_views);

  /// One detector row of one frame; every line of every frame once, in any order. Not thread-safe.
  void Add(std::int64_t frame, std::int64_t row, absl::Span<const float> line);

  bool empty() const { return frames_.empty(); }

  /// The positions in the scan at which frames were taken, the sums of those frames [row held
  /// here][column], and what makes a view's average of them. Not of no frames.
  std::int64_t positions() const { return static_cast<std::int64_t>(positions_.size()); }
  absl::Span<const double> Sums(std::int64_t position) const { return positions_[position].sum; }
  ReferenceShare ShareOf(std::int64_t view) const;

  /// The average row at the time of `view`; zeros when there are no frames. NaN where a frame had
  /// one.
  void Line(std::int64_t view, std::int64_t row, absl::Span<float> line) const;

 private:
  struct Position {
    double view;              // between the views before and after: k − ½ after k views
    std::int64_t frames;      // taken there
    std::vector<double> sum;  // [row held here][column], of all frames
  };
  absl::Span<const double> SumOf(std::int64_t position, std::int64_t row) const;

  IndexRange rows_;
  int columns_ = 0;
  std::vector<std::size_t> frames_;  // per frame: its position
  std::vector<Position> positions_;  // ascending
};

}  // namespace tomoslab
