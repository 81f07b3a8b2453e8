#include "worker/data/reference_frames.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "worker/core/check.h"

namespace tomoslab {

absl::StatusOr<ReferenceFrames> ReferenceFrames::Create(IndexRange rows, int columns,
                                                        std::int64_t frames,
                                                        absl::Span<const int> after_views) {
  if (!after_views.empty() && static_cast<std::int64_t>(after_views.size()) != frames) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the positions of flats or darks in the scan are given for %d frames, but there are %d "
        "(leave them out when all were taken before the scan)",
        after_views.size(), frames));
  }
  std::vector<int> after(after_views.begin(), after_views.end());
  after.resize(static_cast<std::size_t>(frames), 0);
  std::vector<int> distinct = after;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  if (!distinct.empty() && distinct.front() < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a flat or dark was taken after %d views; that number cannot be negative",
                        distinct.front()));
  }
  ReferenceFrames result;
  result.rows_ = rows;
  result.columns_ = columns;
  for (int views : distinct) {
    result.positions_.push_back(
        {views - 0.5, 0,
         std::vector<double>(static_cast<std::size_t>(rows.size() * columns), 0.0)});
  }
  for (int views : after) {
    const auto at = std::lower_bound(distinct.begin(), distinct.end(), views) - distinct.begin();
    result.frames_.push_back(static_cast<std::size_t>(at));
    ++result.positions_[at].frames;
  }
  return result;
}

void ReferenceFrames::Add(std::int64_t frame, std::int64_t row, absl::Span<const float> line) {
  TOMOSLAB_CHECK(frame >= 0 && frame < static_cast<std::int64_t>(frames_.size()));
  TOMOSLAB_CHECK(row >= rows_.begin && row < rows_.end);
  TOMOSLAB_CHECK(static_cast<int>(line.size()) == columns_);
  double* sum = positions_[frames_[frame]].sum.data() + (row - rows_.begin) * columns_;
  for (int c = 0; c < columns_; ++c) sum[c] += line[c];
}

absl::Span<const double> ReferenceFrames::SumOf(std::int64_t position, std::int64_t row) const {
  return Sums(position).subspan(static_cast<std::size_t>((row - rows_.begin) * columns_), columns_);
}

ReferenceShare ReferenceFrames::ShareOf(std::int64_t view) const {
  const auto when = static_cast<double>(view);
  const auto after = std::find_if(positions_.begin(), positions_.end(),
                                  [&](const Position& position) { return position.view > when; });
  const auto next = after == positions_.end() ? after - 1 : after;
  const auto previous = after == positions_.begin() ? next : after - 1;
  const double distance = next->view - previous->view;
  const double share = distance > 0 ? (when - previous->view) / distance : 0;
  return {previous - positions_.begin(), next - positions_.begin(),
          (1 - share) / static_cast<double>(previous->frames),
          share / static_cast<double>(next->frames)};
}

void ReferenceFrames::Line(std::int64_t view, std::int64_t row, absl::Span<float> line) const {
  if (empty()) {
    std::fill(line.begin(), line.end(), 0.0f);
    return;
  }
  TOMOSLAB_CHECK(row >= rows_.begin && row < rows_.end);
  TOMOSLAB_CHECK(static_cast<int>(line.size()) == columns_);
  const ReferenceShare share = ShareOf(view);
  const absl::Span<const double> previous = SumOf(share.previous, row),
                                 next = SumOf(share.next, row);
  for (int c = 0; c < columns_; ++c) line[c] = share.Of(previous[c], next[c]);
}

}  // namespace tomoslab
