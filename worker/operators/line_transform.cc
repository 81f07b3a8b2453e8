#include "worker/operators/line_transform.h"

#include <fftw3.h>

#include "worker/core/check.h"

namespace tomoslab {
namespace {

class FftwTransform : public LineTransform {
 public:
  explicit FftwTransform(const LineTransformShape& shape) {
    TOMOSLAB_CHECK(shape.length % 2 == 0 && shape.lines > 0);
    const int length = static_cast<int>(shape.length), lines = static_cast<int>(shape.lines);
    // ESTIMATE looks at no array; UNALIGNED takes any: plans do not depend on what they are given.
    constexpr unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED | FFTW_DESTROY_INPUT;
    constexpr unsigned keep = FFTW_ESTIMATE | FFTW_UNALIGNED | FFTW_PRESERVE_INPUT;
    float samples = 0;
    fftwf_complex frequency = {0, 0};
    const std::lock_guard lock(FftwPlannerMutex());
    forward_ = fftwf_plan_many_dft_r2c(1, &length, lines, &samples, nullptr, lines, 1, &frequency,
                                       nullptr, lines, 1, keep);
    backward_ = fftwf_plan_many_dft_c2r(1, &length, lines, &frequency, nullptr, lines, 1, &samples,
                                        nullptr, lines, 1, flags);
    TOMOSLAB_CHECK(forward_ != nullptr && backward_ != nullptr);
  }
  ~FftwTransform() override {
    const std::lock_guard lock(FftwPlannerMutex());
    fftwf_destroy_plan(forward_);
    fftwf_destroy_plan(backward_);
  }

  void Forward(const float* samples, float* frequencies) override {
    // FFTW promises not to write: PRESERVE_INPUT.
    fftwf_execute_dft_r2c(forward_, const_cast<float*>(samples),
                          reinterpret_cast<fftwf_complex*>(frequencies));
  }
  void Backward(float* frequencies, float* samples) override {
    fftwf_execute_dft_c2r(backward_, reinterpret_cast<fftwf_complex*>(frequencies), samples);
  }

 private:
  fftwf_plan forward_, backward_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LineTransform>> MakeLineTransform(Accelerator* accelerator,
                                                                 const LineTransformShape& shape) {
  if (accelerator->is_cuda()) return MakeCufftTransform(accelerator, shape);
  return MakeFftwTransform(shape);
}

std::unique_ptr<LineTransform> MakeFftwTransform(const LineTransformShape& shape) {
  return std::make_unique<FftwTransform>(shape);
}

std::mutex& FftwPlannerMutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace tomoslab
