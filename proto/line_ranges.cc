#include "proto/line_ranges.h"

#include <algorithm>
#include <iterator>

namespace tomoslab {

void LineRanges::Add(IndexRange range) {
  if (range.empty()) return;
  auto it = end_by_begin_.upper_bound(range.begin);
  if (it != end_by_begin_.begin() && std::prev(it)->second >= range.begin) --it;
  while (it != end_by_begin_.end() && it->first <= range.end) {
    range.begin = std::min(range.begin, it->first);
    range.end = std::max(range.end, it->second);
    count_ -= it->second - it->first;
    it = end_by_begin_.erase(it);
  }
  end_by_begin_.emplace(range.begin, range.end);
  count_ += range.size();
}

bool LineRanges::Contains(IndexRange range) const {
  if (range.empty()) return true;
  const auto it = end_by_begin_.upper_bound(range.begin);
  return it != end_by_begin_.begin() && std::prev(it)->second >= range.end;
}

std::vector<IndexRange> LineRanges::Ranges() const {
  std::vector<IndexRange> ranges;
  ranges.reserve(end_by_begin_.size());
  for (const auto& [begin, end] : end_by_begin_) ranges.push_back({begin, end});
  return ranges;
}

std::vector<IndexRange> LineRanges::Missing(IndexRange range) const {
  std::vector<IndexRange> missing;
  auto it = end_by_begin_.upper_bound(range.begin);
  if (it != end_by_begin_.begin()) range.begin = std::max(range.begin, std::prev(it)->second);
  for (; it != end_by_begin_.end() && it->first < range.end; ++it) {
    missing.push_back({range.begin, it->first});
    range.begin = std::max(range.begin, it->second);
  }
  if (!range.empty()) missing.push_back(range);
  return missing;
}

std::int64_t LineRanges::WholeBlocks(std::int64_t size) const {
  std::int64_t blocks = 0;
  for (const auto& [begin, end] : end_by_begin_) {
    blocks += std::max<std::int64_t>(0, end / size - (begin + size - 1) / size);
  }
  return blocks;
}

std::vector<IndexRange> LineRanges::WholeBlocksTouched(IndexRange range, std::int64_t size) const {
  std::vector<IndexRange> touched;
  if (range.empty()) return touched;
  const IndexRange blocks{range.begin / size, (range.end + size - 1) / size};
  auto it = end_by_begin_.upper_bound(range.begin);
  if (it != end_by_begin_.begin()) --it;
  for (; it != end_by_begin_.end() && it->first < range.end; ++it) {
    const IndexRange whole = Intersect(blocks, {(it->first + size - 1) / size, it->second / size});
    if (!whole.empty()) touched.push_back(whole);
  }
  return touched;
}

}  // namespace tomoslab
