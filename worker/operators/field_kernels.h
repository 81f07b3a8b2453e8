// What worker/operators/field.h does, on an accelerator. Pointers are to its memory; `stream` is
// that of a queue.
#pragma once

#include <cstdint>

namespace tomoslab {

class Accelerator;

/// How a dot product is cut, chosen from numbers that are the same on every rank. `rows` outer
/// indices make a block; within a block, outer index o is added to lane o mod `lanes`, so that
/// `lanes` lines in a row are one contiguous vector even when a line is a single number (a fan
/// beam).
struct DotBlocks {
  std::int64_t lanes, rows, count;
};
DotBlocks DotBlocksOf(std::int64_t outer, std::int64_t inner_total);

/// The numbers [outer][inner] that a dot product adds.
struct DotShape {
  std::int64_t outer, inner;
  DotBlocks blocks;

  std::int64_t width() const { return blocks.lanes * inner; }
  /// Of the scratch memory: a double per block and lane.
  std::int64_t lane_sums() const { return blocks.count * width(); }
};

struct FieldKernels {
  void (*fill)(void* stream, float value, float* x, std::int64_t count);
  void (*axpy)(void* stream, float s, const float* x, float* y, std::int64_t count);
  void (*subtract)(void* stream, const float* a, const float* b, float* out, std::int64_t count);
  void (*multiply)(void* stream, const float* a, float* y, std::int64_t count);
  void (*scale)(void* stream, float s, float* x, std::int64_t count);
  void (*clamp)(void* stream, float lower, float upper, float* x, std::int64_t count);
  /// x ← x > floor ? 1 / x : 0
  void (*invert)(void* stream, float floor, float* x, std::int64_t count);
  /// largest[0 .. kLargestParts) ← the largest of parts of x, or of |x|; at least `lowest`.
  void (*largest)(void* stream, bool absolute, float lowest, const float* x, std::int64_t count,
                  float* largest);
  /// sums[0 .. inner) ← Σ over the outer index of a · b, in double, in the order of the CPU.
  void (*dot)(void* stream, const DotShape& shape, const float* a, const float* b,
              double* lane_sums, double* sums);
};

inline constexpr std::int64_t kLargestParts = 16384;

const FieldKernels& FieldKernelsOf(const Accelerator& accelerator);

}  // namespace tomoslab
