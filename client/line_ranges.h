// Which lines are there, and which are missing.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "worker/geometry/volume.h"

namespace tomoslab {

/// A set of line numbers, kept as disjoint ranges in ascending order.
class LineRanges {
 public:
  void Add(IndexRange lines);
  std::int64_t Count() const;
  /// What of [0, total) is not in the set, ascending.
  std::vector<IndexRange> Missing(std::int64_t total) const;

 private:
  std::map<std::int64_t, std::int64_t> range_;  // begin → end, disjoint, never touching
};

}  // namespace tomoslab
