#include "client/line_ranges.h"

#include <algorithm>
#include <iterator>

namespace tomoslab {

void LineRanges::Add(IndexRange lines) {
  if (lines.empty()) return;
  auto at = range_.upper_bound(lines.begin);
  if (at != range_.begin() && std::prev(at)->second >= lines.begin) --at;
  while (at != range_.end() && at->first <= lines.end) {
    lines.begin = std::min(lines.begin, at->first);
    lines.end = std::max(lines.end, at->second);
    at = range_.erase(at);
  }
  range_[lines.begin] = lines.end;
}

std::int64_t LineRanges::Count() const {
  std::int64_t count = 0;
  for (const auto& [begin, end] : range_) count += end - begin;
  return count;
}

std::vector<IndexRange> LineRanges::Missing(std::int64_t total) const {
  std::vector<IndexRange> missing;
  std::int64_t next = 0;
  for (const auto& [begin, end] : range_) {
    if (next >= total) break;
    if (begin > next) missing.push_back({next, std::min(begin, total)});
    next = std::max(next, end);
  }
  if (next < total) missing.push_back({next, total});
  return missing;
}

}  // namespace tomoslab
