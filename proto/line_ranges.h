// Which lines are there: merged, ascending, half-open ranges. Counts what an upload still has to
// send.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "worker/geometry/volume.h"

namespace tomoslab {

class LineRanges {
 public:
  /// Merges `range` with what it overlaps or touches. Empty ranges change nothing.
  void Add(IndexRange range);

  /// Every line of `range` is there; true for an empty range.
  bool Contains(IndexRange range) const;
  /// How many lines are there.
  std::int64_t Count() const { return count_; }
  bool empty() const { return count_ == 0; }

  std::vector<IndexRange> Ranges() const;
  /// The parts of `range` that are not there, ascending.
  std::vector<IndexRange> Missing(IndexRange range) const;
  /// How many whole blocks [k·size, (k+1)·size) are there: frames of a scan, slices of a volume.
  std::int64_t WholeBlocks(std::int64_t size) const;
  /// The whole blocks that `range` touches and that are there: in block numbers, at most one range
  /// per merged range.
  std::vector<IndexRange> WholeBlocksTouched(IndexRange range, std::int64_t size) const;

 private:
  std::map<std::int64_t, std::int64_t> end_by_begin_;
  std::int64_t count_ = 0;
};

}  // namespace tomoslab
