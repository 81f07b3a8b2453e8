// Discrete Fourier transforms of many real lines at once, where they are.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "absl/status/statusor.h"
#include "worker/core/accelerator.h"

namespace tomoslab {

/// Unnormalised real transforms of `lines` lines of `length` samples, length even, out of place;
/// lines stand side by side: samples [sample][line], frequencies [0 .. length / 2][line], complex.
class LineTransform {
 public:
  virtual ~LineTransform() = default;
  /// frequencies: pairs of real and imaginary part.
  virtual void Forward(const float* samples, float* frequencies) = 0;
  /// Changes the frequencies.
  virtual void Backward(float* frequencies, float* samples) = 0;
};

struct LineTransformShape {
  std::int64_t length = 0, lines = 0;

  std::int64_t frequencies() const { return length / 2 + 1; }
};

/// Of numbers on the accelerator, in the order of kCompute: by cuFFT on a GPU, by FFTW on the
/// emulated one. NotFound where cuFFT is not installed, in words for people; throws
/// DeviceMemoryError.
///   accelerator: outlives the transform.
absl::StatusOr<std::unique_ptr<LineTransform>> MakeLineTransform(Accelerator* accelerator,
                                                                 const LineTransformShape& shape);

/// Of numbers in host memory.
std::unique_ptr<LineTransform> MakeFftwTransform(const LineTransformShape& shape);
/// MakeLineTransform on a GPU.
absl::StatusOr<std::unique_ptr<LineTransform>> MakeCufftTransform(Accelerator* accelerator,
                                                                  const LineTransformShape& shape);

/// FFTW's planner is not thread-safe; executing plans is.
std::mutex& FftwPlannerMutex();

}  // namespace tomoslab
