// The solvers' vector: a volume or a set of projections, of which each rank holds a part.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "worker/core/accelerator.h"
#include "worker/core/check.h"
#include "worker/geometry/volume.h"
#include "worker/operators/bounds.h"
#include "worker/operators/ordered_sum.h"

namespace tomoslab {

/// Numbers [outer][inner], float32, contiguous, on a 64-byte boundary, zero at first. A volume is
/// [y · x][z], a set of projections [view · column][row]: the inner axis is the one along the
/// rotation axis, and the one that is split over the ranks. Every number lives on exactly one rank,
/// so Dot and Norm count nothing twice; they add in double, in an order that depends neither on
/// threads nor on ranks, nor on where the numbers are. They are in host memory or on an
/// accelerator; the functions below work on either, and their fields are all on the same one unless
/// they say otherwise.
class Field {
 public:
  /// inner: global indices of the part held here, within [0, inner_total); may be empty.
  /// sum: how the ranks add; outlives the field.
  /// accelerator: where the numbers are, outlives the field; nullptr = host memory. Throws
  /// std::bad_alloc or DeviceMemoryError.
  Field(std::int64_t outer, IndexRange inner, std::int64_t inner_total, const OrderedSum* sum,
        Accelerator* accelerator = nullptr);
  Field(Field&&) = default;
  Field& operator=(Field&&) = default;
  Field(const Field&) = delete;  // Like and Copy say it when it is meant
  Field& operator=(const Field&) = delete;

  std::int64_t outer() const { return outer_; }
  IndexRange inner() const { return inner_; }
  std::int64_t inner_size() const {
    return inner_.size();
  }  // numbers from one outer index to the next
  std::int64_t inner_total() const { return inner_total_; }
  std::int64_t size() const { return outer_ * inner_.size(); }  // held here
  const OrderedSum* sum() const { return sum_; }

  Accelerator* accelerator() const { return values_.get_deleter().accelerator; }
  bool on_host() const { return accelerator() == nullptr; }

  /// Of a field in host memory.
  float* data() {
    TOMOSLAB_CHECK(on_host());
    return values_.get();
  }
  const float* data() const {
    TOMOSLAB_CHECK(on_host());
    return values_.get();
  }
  /// Of a field on an accelerator: for its kernels and copies only.
  float* device_data() {
    TOMOSLAB_CHECK(!on_host());
    return values_.get();
  }
  const float* device_data() const {
    TOMOSLAB_CHECK(!on_host());
    return values_.get();
  }
  /// Wherever they are.
  float* address() { return values_.get(); }
  const float* address() const { return values_.get(); }
  absl::Span<float> values() { return {data(), static_cast<std::size_t>(size())}; }
  absl::Span<const float> values() const { return {data(), static_cast<std::size_t>(size())}; }
  /// The inner_size() numbers of one outer index.
  float* line(std::int64_t outer) { return data() + outer * inner_size(); }
  const float* line(std::int64_t outer) const { return data() + outer * inner_size(); }

 private:
  struct Release {
    Accelerator* accelerator;
    std::int64_t bytes;
    void operator()(float* values) const;
  };
  std::int64_t outer_;
  IndexRange inner_;
  std::int64_t inner_total_;
  const OrderedSum* sum_;
  std::unique_ptr<float[], Release> values_;
};

bool SameShape(const Field& a, const Field& b);

Field Like(const Field& x);    // the same shape in the same place, all zero
Field OnHost(const Field& x);  // a copy in host memory
void Fill(double value, Field& x);
void Copy(const Field& a, Field& b);                        // b ← a; wherever the two are
void Axpy(double s, const Field& x, Field& y);              // y ← y + s x
void Subtract(const Field& a, const Field& b, Field& out);  // out ← a − b; out may be a or b
void Multiply(const Field& a, Field& y);                    // y ← a ∘ y
void Scale(double s, Field& x);                             // x ← s x
void Clamp(const Bounds& bounds, Field& x);                 // x ← min(max(x, lower), upper)

/// Lines first, first + step, … of a field, `count` of them, and of each the local inner indices
/// [inner).
struct FieldLines {
  std::int64_t first = 0, step = 1, count = 0;
  IndexRange inner;
};
FieldLines AllLines(const Field& x);
/// Between a field, wherever it is, and host memory [line][inner index], packed.
void Read(const Field& x, const FieldLines& lines, float* out);
void Write(const float* in, const FieldLines& lines, Field& x);
/// visit(numbers) for all numbers of x, in order, a part at a time, in host memory.
void ForParts(const Field& x, absl::FunctionRef<void(absl::Span<const float>)> visit);
/// The same shape in host memory, for filling in; Copy brings it where it belongs.
Field HostLike(const Field& x);

/// 1 / x, and 0 where x ≤ relative_floor · (largest x of all ranks): rays that miss the volume,
/// voxels no ray passes.
Field Inverse(Field x, double relative_floor = 1e-6);

double Dot(const Field& a, const Field& b);
double Norm(const Field& x);
double MaxAbs(const Field& x);

/// Indices [begin, end) into a field's values().
struct Piece {
  std::int64_t begin = 0, end = 0;
};
/// ‖v‖² of a field v of this shape that is never stored whole: make(piece, out) computes its
/// numbers piece by piece, each once, on many threads. The same bits as Dot of the stored field.
double SumOfSquares(const Field& shape, absl::FunctionRef<void(Piece, float*)> make);

struct FieldPair {
  const Field* a;
  const Field* b;
};
/// One dot product per pair, all in one reduction. Fields of one call share their inner range.
std::vector<double> PairwiseDots(absl::Span<const FieldPair> pairs);

/// Dots(a, b, c, d, …) = {⟨a, b⟩, ⟨c, d⟩, …} in one reduction.
template <class... More>
std::array<double, 1 + sizeof...(More) / 2> Dots(const Field& a, const Field& b,
                                                 const More&... more) {
  static_assert(sizeof...(More) % 2 == 0, "fields come in pairs");
  const std::array<const Field*, 2 + sizeof...(More)> flat = {&a, &b, &more...};
  std::array<FieldPair, 1 + sizeof...(More) / 2> pairs;
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {flat[2 * i], flat[2 * i + 1]};
  const std::vector<double> sums = PairwiseDots(pairs);
  std::array<double, 1 + sizeof...(More) / 2> result;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = sums[i];
  return result;
}

}  // namespace tomoslab
