#include "worker/operators/field.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>

#include "worker/core/check.h"
#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

constexpr std::align_val_t kAlignment{64};

/// How a dot product is cut, chosen from numbers that are the same on every rank. `rows` outer
/// indices make a block; within a block, outer index o is added to lane o mod `lanes`, so that
/// `lanes` lines in a row are one contiguous vector even when a line is a single number (a fan
/// beam).
struct Blocks {
  std::int64_t lanes, rows, count;
};

Blocks BlocksOf(std::int64_t outer, std::int64_t inner_total) {
  constexpr std::int64_t kMostBlocks = 256, kLeastRows = 256, kLanes = 16;
  const std::int64_t lanes = inner_total < kLanes ? kLanes : 1;
  std::int64_t rows = std::max(kLeastRows, (outer + kMostBlocks - 1) / kMostBlocks);
  rows = (rows + lanes - 1) / lanes * lanes;
  return {lanes, rows, (outer + rows - 1) / rows};
}

/// sums[z] ← Σ over the lines of one block of a[·][z] · b[·][z].
void DotOfBlock(const float* a, const float* b, std::int64_t count, std::int64_t inner,
                std::int64_t lanes, double* sums) {
  const std::int64_t width = lanes * inner;
  std::vector<double> lane_sums(width, 0.0);
  double* lane = lane_sums.data();
  for (std::int64_t start = 0; start < count; start += width) {
    const float* u = a + start;
    const float* v = b + start;
    const std::int64_t n = std::min(width, count - start);
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) {
      lane[i] += static_cast<double>(u[i]) * static_cast<double>(v[i]);
    }
  }
  std::fill(sums, sums + inner, 0.0);
  for (std::int64_t l = 0; l < lanes; ++l) {
    for (std::int64_t z = 0; z < inner; ++z) sums[z] += lane[l * inner + z];
  }
}

/// sums[z] ← Σ over the blocks that cover `shape`; of_block(begin, count, block_sums) adds up the
/// `count` lines from `begin`.
template <class OfBlock>
void SumPerInner(const Field& shape, double* sums, OfBlock&& of_block) {
  const std::int64_t inner = shape.inner_size();
  const Blocks blocks = BlocksOf(shape.outer(), shape.inner_total());
  std::vector<double> block_sums(blocks.count * inner);
  ParallelFor(0, blocks.count, [&](std::int64_t block) {
    const std::int64_t begin = block * blocks.rows;
    const std::int64_t count = std::min(shape.outer(), begin + blocks.rows) - begin;
    of_block(begin, count, block_sums.data() + block * inner);
  });
  std::fill(sums, sums + inner, 0.0);
  for (std::int64_t block = 0; block < blocks.count; ++block) {
    for (std::int64_t z = 0; z < inner; ++z) sums[z] += block_sums[block * inner + z];
  }
}

/// sums[z] ← Σ over all outer indices of a[·][z] · b[·][z].
void DotPerInner(const Field& a, const Field& b, double* sums) {
  const std::int64_t inner = a.inner_size();
  const std::int64_t lanes = BlocksOf(a.outer(), a.inner_total()).lanes;
  SumPerInner(a, sums, [&](std::int64_t begin, std::int64_t count, double* block_sums) {
    DotOfBlock(a.line(begin), b.line(begin), count * inner, inner, lanes, block_sums);
  });
}

/// The largest f(value) on all ranks; lowest when there are no values.
template <class F>
double LargestOf(const Field& x, double lowest, F f) {
  std::atomic<float> largest = static_cast<float>(lowest);
  ParallelChunks(x.size(), [&](std::int64_t begin, std::int64_t end) {
    float of_chunk = static_cast<float>(lowest);
    const float* values = x.data();
#pragma omp simd reduction(max : of_chunk)
    for (std::int64_t i = begin; i < end; ++i) of_chunk = std::max(of_chunk, f(values[i]));
    float seen = largest;
    while (of_chunk > seen && !largest.compare_exchange_weak(seen, of_chunk)) {
    }
  });
  return x.sum()->Max(largest);
}

}  // namespace

void Field::FreeAligned::operator()(float* values) const {
  ::operator delete[](values, kAlignment);
}

Field::Field(std::int64_t outer, IndexRange inner, std::int64_t inner_total, const OrderedSum* sum)
    : outer_(outer), inner_(inner), inner_total_(inner_total), sum_(sum) {
  TOMOSLAB_CHECK(outer >= 0 && sum != nullptr);
  TOMOSLAB_CHECK(inner.empty() || (inner.begin >= 0 && inner.end <= inner_total));
  void* memory = ::operator new[](static_cast<std::size_t>(size()) * sizeof(float), kAlignment);
  values_.reset(static_cast<float*>(memory));
  Fill(0, *this);  // the threads' first touch places the pages
}

bool SameShape(const Field& a, const Field& b) {
  return a.outer() == b.outer() && a.inner() == b.inner() && a.inner_total() == b.inner_total();
}

Field Like(const Field& x) { return Field(x.outer(), x.inner(), x.inner_total(), x.sum()); }

void Fill(double value, Field& x) {
  const float v = static_cast<float>(value);
  ParallelChunks(x.size(), [&](std::int64_t begin, std::int64_t end) {
    std::fill(x.data() + begin, x.data() + end, v);
  });
}

void Copy(const Field& a, Field& b) {
  TOMOSLAB_CHECK(SameShape(a, b));
  ParallelChunks(a.size(), [&](std::int64_t begin, std::int64_t end) {
    std::copy(a.data() + begin, a.data() + end, b.data() + begin);
  });
}

void Axpy(double s, const Field& x, Field& y) {
  TOMOSLAB_CHECK(SameShape(x, y));
  const float factor = static_cast<float>(s);
  ParallelChunks(x.size(), [&](std::int64_t begin, std::int64_t end) {
    const float* u = x.data();
    float* v = y.data();
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) v[i] += factor * u[i];
  });
}

void Subtract(const Field& a, const Field& b, Field& out) {
  TOMOSLAB_CHECK(SameShape(a, b) && SameShape(a, out));
  ParallelChunks(a.size(), [&](std::int64_t begin, std::int64_t end) {
    const float* u = a.data();
    const float* v = b.data();
    float* w = out.data();
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) w[i] = u[i] - v[i];
  });
}

void Multiply(const Field& a, Field& y) {
  TOMOSLAB_CHECK(SameShape(a, y));
  ParallelChunks(a.size(), [&](std::int64_t begin, std::int64_t end) {
    const float* u = a.data();
    float* v = y.data();
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) v[i] *= u[i];
  });
}

void Scale(double s, Field& x) {
  const float factor = static_cast<float>(s);
  ParallelChunks(x.size(), [&](std::int64_t begin, std::int64_t end) {
    float* u = x.data();
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) u[i] *= factor;
  });
}

void Clamp(const Bounds& bounds, Field& x) {
  if (bounds == Bounds{}) return;
  const float lower = static_cast<float>(bounds.lower);
  const float upper = static_cast<float>(bounds.upper);
  ParallelChunks(x.size(), [&](std::int64_t begin, std::int64_t end) {
    float* u = x.data();
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) {
      const float raised = u[i] < lower ? lower : u[i];
      u[i] = raised > upper ? upper : raised;
    }
  });
}

Field Inverse(Field x, double relative_floor) {
  const double largest = LargestOf(x, 0.0, [](float value) { return value; });
  const float floor = static_cast<float>(relative_floor * largest);
  ParallelChunks(x.size(), [&](std::int64_t begin, std::int64_t end) {
    float* u = x.data();
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) u[i] = u[i] > floor ? 1.0f / u[i] : 0.0f;
  });
  return x;
}

std::vector<double> PairwiseDots(absl::Span<const FieldPair> pairs) {
  if (pairs.empty()) return {};
  const Field& first = *pairs[0].a;
  const std::int64_t inner = first.inner_size();
  std::vector<double> partials(pairs.size() * inner);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto [a, b] = pairs[i];
    TOMOSLAB_CHECK(SameShape(*a, *b));
    TOMOSLAB_CHECK(a->inner() == first.inner() && a->inner_total() == first.inner_total());
    DotPerInner(*a, *b, partials.data() + i * inner);
  }
  return first.sum()->Sum(partials, static_cast<int>(pairs.size()), first.inner(),
                          first.inner_total());
}

double Dot(const Field& a, const Field& b) { return Dots(a, b)[0]; }

double Norm(const Field& x) { return std::sqrt(Dot(x, x)); }

double SumOfSquares(const Field& shape, absl::FunctionRef<void(Piece, float*)> make) {
  const std::int64_t inner = shape.inner_size();
  const std::int64_t lanes = BlocksOf(shape.outer(), shape.inner_total()).lanes;
  std::vector<double> partials(inner);
  SumPerInner(shape, partials.data(),
              [&](std::int64_t begin, std::int64_t count, double* block_sums) {
                std::vector<float> made(count * inner);
                make({begin * inner, (begin + count) * inner}, made.data());
                DotOfBlock(made.data(), made.data(), count * inner, inner, lanes, block_sums);
              });
  return shape.sum()->Sum(partials, 1, shape.inner(), shape.inner_total())[0];
}

double MaxAbs(const Field& x) {
  return LargestOf(x, 0.0, [](float value) { return std::abs(value); });
}

}  // namespace tomoslab
