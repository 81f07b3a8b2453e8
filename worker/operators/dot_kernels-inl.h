// The sum of a function of the index, in the order of the CPU's dot products
// (worker/operators/field.cc): for kernels that make what they add.
#pragma once

#include "worker/core/launch.h"
#include "worker/operators/field_kernels.h"

namespace tomoslab::TOMOSLAB_LAUNCH {

/// lane_sums[block][lane] ← Σ value(i) over the block's numbers of the lane.
template <class Value>
struct LaneSums {
  std::int64_t outer, inner, rows, width;
  Value value;
  double* lane_sums;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t index) const {
    const std::int64_t block = index / width, lane = index % width;
    const std::int64_t first = block * rows;
    const std::int64_t last = first + rows < outer ? first + rows : outer;
    double sum = 0;
    for (std::int64_t i = first * inner + lane; i < last * inner; i += width) sum += value(i);
    lane_sums[index] = sum;
  }
};

/// sums[z] ← the lanes of a block together, then the blocks.
struct BlockSums {
  std::int64_t blocks, lanes, inner;
  const double* lane_sums;
  double* sums;

  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t z) const {
    double sum = 0;
    for (std::int64_t block = 0; block < blocks; ++block) {
      double of_block = 0;
      for (std::int64_t lane = 0; lane < lanes; ++lane)
        of_block += lane_sums[(block * lanes + lane) * inner + z];
      sum += of_block;
    }
    sums[z] = sum;
  }
};

/// sums[0 .. inner) ← Σ over the outer index of value(i), i = outer index · inner + z. value is
/// called once for each i, and returns a double.
template <class Value>
void SumPerInner(void* stream, const DotShape& shape, const Value& value, double* lane_sums,
                 double* sums) {
  ForEach(stream, shape.lane_sums(),
          LaneSums<Value>{shape.outer, shape.inner, shape.blocks.rows, shape.width(), value,
                          lane_sums});
  ForEach(stream, shape.inner,
          BlockSums{shape.blocks.count, shape.blocks.lanes, shape.inner, lane_sums, sums});
}

}  // namespace tomoslab::TOMOSLAB_LAUNCH
