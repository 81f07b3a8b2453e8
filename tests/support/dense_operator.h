// A small matrix as an operator, and vectors for it: what solvers are tested on by hand.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "worker/core/check.h"
#include "worker/operators/bounds.h"
#include "worker/operators/field.h"

namespace tomoslab {

/// A vector in double precision with the free functions of worker/operators/field.h.
struct DenseVector {
  explicit DenseVector(std::size_t size) : values(size, 0.0) {}
  explicit DenseVector(std::vector<double> v) : values(std::move(v)) {}
  DenseVector(DenseVector&&) = default;
  DenseVector& operator=(DenseVector&&) = default;
  DenseVector(const DenseVector&) = delete;
  DenseVector& operator=(const DenseVector&) = delete;

  std::int64_t size() const { return static_cast<std::int64_t>(values.size()); }
  double* data() { return values.data(); }
  const double* data() const { return values.data(); }

  std::vector<double> values;
};

inline DenseVector Like(const DenseVector& x) { return DenseVector(x.values.size()); }
inline void Fill(double value, DenseVector& x) {
  std::fill(x.values.begin(), x.values.end(), value);
}
inline void Copy(const DenseVector& a, DenseVector& b) { b.values = a.values; }
inline void Axpy(double s, const DenseVector& x, DenseVector& y) {
  for (std::size_t i = 0; i < x.values.size(); ++i) y.values[i] += s * x.values[i];
}
inline void Subtract(const DenseVector& a, const DenseVector& b, DenseVector& out) {
  for (std::size_t i = 0; i < a.values.size(); ++i) out.values[i] = a.values[i] - b.values[i];
}
inline void Multiply(const DenseVector& a, DenseVector& y) {
  for (std::size_t i = 0; i < a.values.size(); ++i) y.values[i] *= a.values[i];
}
inline void Scale(double s, DenseVector& x) {
  for (double& value : x.values) value *= s;
}
inline void Clamp(const Bounds& bounds, DenseVector& x) {
  for (double& value : x.values) value = std::min(std::max(value, bounds.lower), bounds.upper);
}
inline double Dot(const DenseVector& a, const DenseVector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) sum += a.values[i] * b.values[i];
  return sum;
}
inline double Norm(const DenseVector& x) { return std::sqrt(Dot(x, x)); }
inline double MaxAbs(const DenseVector& x) {
  double largest = 0;
  for (double value : x.values) largest = std::max(largest, std::abs(value));
  return largest;
}
// noinline: else g++ 12 warns of an array it takes for another one.
[[gnu::noinline]] inline double SumOfSquares(const DenseVector& shape,
                                             absl::FunctionRef<void(Piece, double*)> make) {
  DenseVector made = Like(shape);
  make({0, shape.size()}, made.data());
  return Dot(made, made);
}
inline DenseVector Inverse(DenseVector x, double relative_floor = 1e-6) {
  const double floor = relative_floor * MaxAbs(x);
  for (double& value : x.values) value = value > floor ? 1 / value : 0;
  return x;
}
template <class... More>
std::array<double, 1 + sizeof...(More) / 2> Dots(const DenseVector& a, const DenseVector& b,
                                                 const More&... more) {
  const std::array<const DenseVector*, 2 + sizeof...(More)> flat = {&a, &b, &more...};
  std::array<double, 1 + sizeof...(More) / 2> result;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = Dot(*flat[2 * i], *flat[2 * i + 1]);
  return result;
}

using Matrix = std::vector<std::vector<double>>;  // [row][column]

/// y = A x for a matrix A; counts its calls.
class DenseOperator {
 public:
  explicit DenseOperator(Matrix a) : a_(std::move(a)) {}

  DenseVector NewVolume() const { return DenseVector(a_[0].size()); }
  DenseVector NewProjections() const { return DenseVector(a_.size()); }
  void Project(const DenseVector& x, DenseVector& y) const {
    ++projections;
    for (std::size_t i = 0; i < a_.size(); ++i) {
      y.values[i] = 0;
      for (std::size_t j = 0; j < a_[i].size(); ++j) y.values[i] += a_[i][j] * x.values[j];
    }
  }
  void Backproject(const DenseVector& y, DenseVector& x) const {
    ++backprojections;
    Fill(0, x);
    for (std::size_t i = 0; i < a_.size(); ++i) {
      for (std::size_t j = 0; j < a_[i].size(); ++j) x.values[j] += a_[i][j] * y.values[i];
    }
  }

  mutable int projections = 0, backprojections = 0;

 private:
  Matrix a_;
};

/// The same matrix for Fields (one number per line, on one rank).
class DenseFieldOperator {
 public:
  explicit DenseFieldOperator(Matrix a) : a_(std::move(a)) {}

  Field NewVolume() const { return Field(static_cast<int>(a_[0].size()), {0, 1}, 1, &sum_); }
  Field NewProjections() const { return Field(static_cast<int>(a_.size()), {0, 1}, 1, &sum_); }
  void Project(const Field& x, Field& y) const {
    Fill(0, y);
    for (std::size_t i = 0; i < a_.size(); ++i) {
      for (std::size_t j = 0; j < a_[i].size(); ++j) {
        y.data()[i] += static_cast<float>(a_[i][j]) * x.data()[j];
      }
    }
  }
  void Backproject(const Field& y, Field& x) const {
    Fill(0, x);
    for (std::size_t i = 0; i < a_.size(); ++i) {
      for (std::size_t j = 0; j < a_[i].size(); ++j) {
        x.data()[j] += static_cast<float>(a_[i][j]) * y.data()[i];
      }
    }
  }

 private:
  Matrix a_;
  LocalSum sum_;
};

}  // namespace tomoslab
