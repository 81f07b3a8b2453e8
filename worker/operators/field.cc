#include "worker/operators/field.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>

#include "worker/core/check.h"
#include "worker/core/parallel.h"
#include "worker/operators/device_sums.h"
#include "worker/operators/field_kernels.h"

namespace tomoslab {
namespace {

constexpr std::align_val_t kAlignment{64};

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
  const DotBlocks blocks = DotBlocksOf(shape.outer(), shape.inner_total());
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

/// How a field's accelerator is told to do something.
struct Calls {
  const FieldKernels& kernels;
  void* stream;
};
Calls On(const Field& x) {
  return {FieldKernelsOf(*x.accelerator()), x.accelerator()->stream(Queue::kCompute)};
}

/// sums[z] ← Σ over all outer indices of a[·][z] · b[·][z].
void DotPerInner(const Field& a, const Field& b, double* sums) {
  if (!a.on_host()) {
    const auto launch = [&](void* stream, const DotShape& numbers, double* lane_sums,
                            double* per_inner) {
      On(a).kernels.dot(stream, numbers, a.device_data(), b.device_data(), lane_sums, per_inner);
    };
    return SumPerInnerOnDevice(a, launch, sums);
  }
  const std::int64_t inner = a.inner_size();
  const std::int64_t lanes = DotBlocksOf(a.outer(), a.inner_total()).lanes;
  SumPerInner(a, sums, [&](std::int64_t begin, std::int64_t count, double* block_sums) {
    DotOfBlock(a.line(begin), b.line(begin), count * inner, inner, lanes, block_sums);
  });
}

/// The largest value of this rank, or absolute value; at least 0.
float LargestHere(const Field& x, bool absolute) {
  if (!x.on_host()) {
    auto* parts = static_cast<float*>(x.accelerator()->Scratch(BytesOf<float>(kLargestParts)));
    On(x).kernels.largest(On(x).stream, absolute, 0, x.device_data(), x.size(), parts);
    std::vector<float> largest(kLargestParts);
    x.accelerator()->Download(parts, largest.data(), {.width = BytesOf<float>(kLargestParts)});
    return *std::max_element(largest.begin(), largest.end());
  }
  std::atomic<float> largest = 0;
  ParallelChunks(x.size(), [&](std::int64_t begin, std::int64_t end) {
    float of_chunk = 0;
    const float* values = x.data();
#pragma omp simd reduction(max : of_chunk)
    for (std::int64_t i = begin; i < end; ++i)
      of_chunk = std::max(of_chunk, absolute ? std::abs(values[i]) : values[i]);
    float seen = largest;
    while (of_chunk > seen && !largest.compare_exchange_weak(seen, of_chunk)) {
    }
  });
  return largest;
}

void CheckLines(const Field& x, const FieldLines& lines) {
  TOMOSLAB_CHECK(lines.first >= 0 && lines.count >= 0 &&
                 (lines.count == 0 || lines.first + (lines.count - 1) * lines.step < x.outer()));
  TOMOSLAB_CHECK(lines.inner.empty() ||
                 (lines.inner.begin >= 0 && lines.inner.end <= x.inner_size()));
}

/// The lines as bytes; the pitch is that of the field.
struct LineBytes {
  std::int64_t offset, width, pitch;
};
LineBytes LineBytesOf(const Field& x, const FieldLines& lines) {
  return {lines.first * x.inner_size() + lines.inner.begin, BytesOf<float>(lines.inner.size()),
          BytesOf<float>(lines.step * x.inner_size())};
}

/// body(line, where it stands among packed lines) on many threads.
template <class Body>
void ForLines(const FieldLines& lines, Body&& body) {
  constexpr std::int64_t kLines = 256;  // a thread takes at a time
  ParallelFor(0, (lines.count + kLines - 1) / kLines, [&](std::int64_t block) {
    for (std::int64_t i = block * kLines; i < std::min(lines.count, (block + 1) * kLines); ++i)
      body(lines.first + i * lines.step, i * lines.inner.size());
  });
}

}  // namespace

DotBlocks DotBlocksOf(std::int64_t outer, std::int64_t inner_total) {
  constexpr std::int64_t kMostBlocks = 256, kLeastRows = 256, kLanes = 16;
  const std::int64_t lanes = inner_total < kLanes ? kLanes : 1;
  std::int64_t rows = std::max(kLeastRows, (outer + kMostBlocks - 1) / kMostBlocks);
  rows = (rows + lanes - 1) / lanes * lanes;
  return {lanes, rows, (outer + rows - 1) / rows};
}

void Field::Release::operator()(float* values) const {
  if (accelerator != nullptr) return accelerator->Free(values, bytes);
  ::operator delete[](values, kAlignment);
}

Field::Field(std::int64_t outer, IndexRange inner, std::int64_t inner_total, const OrderedSum* sum,
             Accelerator* accelerator)
    : outer_(outer), inner_(inner), inner_total_(inner_total), sum_(sum) {
  TOMOSLAB_CHECK(outer >= 0 && sum != nullptr);
  TOMOSLAB_CHECK(inner.empty() || (inner.begin >= 0 && inner.end <= inner_total));
  const std::int64_t bytes = BytesOf<float>(size());
  void* memory = accelerator != nullptr
                     ? accelerator->Allocate(bytes, "a volume or a set of projections")
                     : ::operator new[](static_cast<std::size_t>(bytes), kAlignment);
  values_ = {static_cast<float*>(memory), Release{accelerator, bytes}};
  Fill(0, *this);  // the threads' first touch places the pages
}

bool SameShape(const Field& a, const Field& b) {
  return a.outer() == b.outer() && a.inner() == b.inner() && a.inner_total() == b.inner_total();
}

Field Like(const Field& x) {
  return Field(x.outer(), x.inner(), x.inner_total(), x.sum(), x.accelerator());
}

Field HostLike(const Field& x) { return Field(x.outer(), x.inner(), x.inner_total(), x.sum()); }

Field OnHost(const Field& x) {
  Field here = HostLike(x);
  Copy(x, here);
  return here;
}

void Fill(double value, Field& x) {
  const float v = static_cast<float>(value);
  if (!x.on_host()) return On(x).kernels.fill(On(x).stream, v, x.device_data(), x.size());
  ParallelChunks(x.size(), [&](std::int64_t begin, std::int64_t end) {
    std::fill(x.data() + begin, x.data() + end, v);
  });
}

void Copy(const Field& a, Field& b) {
  TOMOSLAB_CHECK(SameShape(a, b));
  if (!a.on_host() && !b.on_host()) {
    TOMOSLAB_CHECK(a.accelerator() == b.accelerator());
    return a.accelerator()->CopyWithin(a.device_data(), b.device_data(),
                                       {.width = BytesOf<float>(a.size())}, Queue::kCompute);
  }
  if (!a.on_host()) return Read(a, AllLines(a), b.data());
  if (!b.on_host()) return Write(a.data(), AllLines(a), b);
  ParallelChunks(a.size(), [&](std::int64_t begin, std::int64_t end) {
    std::copy(a.data() + begin, a.data() + end, b.data() + begin);
  });
}

void Axpy(double s, const Field& x, Field& y) {
  TOMOSLAB_CHECK(SameShape(x, y));
  const float factor = static_cast<float>(s);
  if (!x.on_host()) {
    return On(x).kernels.axpy(On(x).stream, factor, x.device_data(), y.device_data(), x.size());
  }
  ParallelChunks(x.size(), [&](std::int64_t begin, std::int64_t end) {
    const float* u = x.data();
    float* v = y.data();
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) v[i] += factor * u[i];
  });
}

void Subtract(const Field& a, const Field& b, Field& out) {
  TOMOSLAB_CHECK(SameShape(a, b) && SameShape(a, out));
  if (!a.on_host()) {
    return On(a).kernels.subtract(On(a).stream, a.device_data(), b.device_data(), out.device_data(),
                                  a.size());
  }
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
  if (!a.on_host()) {
    return On(a).kernels.multiply(On(a).stream, a.device_data(), y.device_data(), a.size());
  }
  ParallelChunks(a.size(), [&](std::int64_t begin, std::int64_t end) {
    const float* u = a.data();
    float* v = y.data();
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) v[i] *= u[i];
  });
}

void Scale(double s, Field& x) {
  const float factor = static_cast<float>(s);
  if (!x.on_host()) return On(x).kernels.scale(On(x).stream, factor, x.device_data(), x.size());
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
  if (!x.on_host()) {
    return On(x).kernels.clamp(On(x).stream, lower, upper, x.device_data(), x.size());
  }
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
  const double largest = x.sum()->Max(LargestHere(x, /*absolute=*/false));
  const float floor = static_cast<float>(relative_floor * largest);
  if (!x.on_host()) {
    On(x).kernels.invert(On(x).stream, floor, x.device_data(), x.size());
    return x;
  }
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
  const std::int64_t lanes = DotBlocksOf(shape.outer(), shape.inner_total()).lanes;
  std::vector<double> partials(inner);
  SumPerInner(shape, partials.data(),
              [&](std::int64_t begin, std::int64_t count, double* block_sums) {
                std::vector<float> made(count * inner);
                make({begin * inner, (begin + count) * inner}, made.data());
                DotOfBlock(made.data(), made.data(), count * inner, inner, lanes, block_sums);
              });
  return shape.sum()->Sum(partials, 1, shape.inner(), shape.inner_total())[0];
}

double MaxAbs(const Field& x) { return x.sum()->Max(LargestHere(x, /*absolute=*/true)); }

FieldLines AllLines(const Field& x) {
  return {0, 1, x.outer(), {0, static_cast<int>(x.inner_size())}};
}

void Read(const Field& x, const FieldLines& lines, float* out) {
  CheckLines(x, lines);
  const LineBytes bytes = LineBytesOf(x, lines);
  if (!x.on_host()) {
    return x.accelerator()->Download(x.device_data() + bytes.offset, out,
                                     {bytes.width, lines.count, bytes.pitch, bytes.width});
  }
  ForLines(lines, [&](std::int64_t line, std::int64_t packed) {
    std::copy_n(x.line(line) + lines.inner.begin, lines.inner.size(), out + packed);
  });
}

void ForParts(const Field& x, absl::FunctionRef<void(absl::Span<const float>)> visit) {
  if (x.on_host()) return visit(x.values());
  constexpr std::int64_t kPart = 8 << 20;  // numbers
  std::vector<float> numbers(std::min(kPart, x.size()));
  for (std::int64_t begin = 0; begin < x.size(); begin += kPart) {
    const std::int64_t count = std::min(kPart, x.size() - begin);
    x.accelerator()->Download(x.device_data() + begin, numbers.data(),
                              {.width = BytesOf<float>(count)});
    visit(absl::MakeConstSpan(numbers).first(count));
  }
}

void Write(const float* in, const FieldLines& lines, Field& x) {
  CheckLines(x, lines);
  const LineBytes bytes = LineBytesOf(x, lines);
  if (!x.on_host()) {
    return x.accelerator()->Upload(in, x.device_data() + bytes.offset,
                                   {bytes.width, lines.count, bytes.width, bytes.pitch});
  }
  ForLines(lines, [&](std::int64_t line, std::int64_t packed) {
    std::copy_n(in + packed, lines.inner.size(), x.line(line) + lines.inner.begin);
  });
}

}  // namespace tomoslab
