#include <cmath>

#include "worker/operators/dot_kernels-inl.h"

namespace tomoslab::TOMOSLAB_LAUNCH {
namespace {

struct FillBody {
  float value;
  float* x;
  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const { x[i] = value; }
};
struct AxpyBody {
  float s;
  const float* x;
  float* y;
  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const { y[i] += s * x[i]; }
};
struct SubtractBody {
  const float *a, *b;
  float* out;
  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const { out[i] = a[i] - b[i]; }
};
struct MultiplyBody {
  const float* a;
  float* y;
  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const { y[i] *= a[i]; }
};
struct ScaleBody {
  float s;
  float* x;
  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const { x[i] *= s; }
};
struct ClampBody {
  float lower, upper;
  float* x;
  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    const float raised = x[i] < lower ? lower : x[i];
    x[i] = raised > upper ? upper : raised;
  }
};
struct InvertBody {
  float floor;
  float* x;
  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t i) const {
    x[i] = x[i] > floor ? 1.0f / x[i] : 0.0f;
  }
};
struct LargestBody {
  bool absolute;
  float lowest;
  const float* x;
  std::int64_t count;
  float* largest;
  TOMOSLAB_HOST_DEVICE void operator()(std::int64_t part) const {
    float most = lowest;
    for (std::int64_t i = part; i < count; i += kLargestParts) {
      const float value = absolute ? fabsf(x[i]) : x[i];
      if (value > most) most = value;
    }
    largest[part] = most;
  }
};
struct ProductBody {
  const float *a, *b;
  TOMOSLAB_HOST_DEVICE double operator()(std::int64_t i) const {
    return static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
};

void Fill(void* stream, float value, float* x, std::int64_t count) {
  ForEach(stream, count, FillBody{value, x});
}
void Axpy(void* stream, float s, const float* x, float* y, std::int64_t count) {
  ForEach(stream, count, AxpyBody{s, x, y});
}
void Subtract(void* stream, const float* a, const float* b, float* out, std::int64_t count) {
  ForEach(stream, count, SubtractBody{a, b, out});
}
void Multiply(void* stream, const float* a, float* y, std::int64_t count) {
  ForEach(stream, count, MultiplyBody{a, y});
}
void Scale(void* stream, float s, float* x, std::int64_t count) {
  ForEach(stream, count, ScaleBody{s, x});
}
void Clamp(void* stream, float lower, float upper, float* x, std::int64_t count) {
  ForEach(stream, count, ClampBody{lower, upper, x});
}
void Invert(void* stream, float floor, float* x, std::int64_t count) {
  ForEach(stream, count, InvertBody{floor, x});
}
void Largest(void* stream, bool absolute, float lowest, const float* x, std::int64_t count,
             float* largest) {
  ForEach(stream, kLargestParts, LargestBody{absolute, lowest, x, count, largest});
}
void Dot(void* stream, const DotShape& shape, const float* a, const float* b, double* lane_sums,
         double* sums) {
  SumPerInner(stream, shape, ProductBody{a, b}, lane_sums, sums);
}

}  // namespace

extern const FieldKernels kFieldKernels;
const FieldKernels kFieldKernels = {Fill,  Axpy,   Subtract, Multiply, Scale,
                                    Clamp, Invert, Largest,  Dot};

}  // namespace tomoslab::TOMOSLAB_LAUNCH
