#include "worker/operators/ramp_filter.h"

#include <fftw3.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <new>
#include <numbers>

#include "absl/strings/str_format.h"
#include "worker/core/check.h"
#include "worker/core/parallel.h"
#include "worker/operators/line_transform.h"
#include "worker/operators/ramp_on_device.h"

namespace tomoslab {
namespace {

/// Lines of a batch: a cache line of neighbouring rows. The response is real and even, so two lines
/// go through one complex transform as its real and its imaginary part.
constexpr int kLines = 16;

/// The least length ≥ n without prime factors above 5, even.
int FastLength(int n) {
  for (int length = n + n % 2;; length += 2) {
    int rest = length;
    for (int factor : {2, 3, 5}) {
      while (rest % factor == 0) rest /= factor;
    }
    if (rest == 1) return length;
  }
}

struct FreeFftw {
  void operator()(void* memory) const { fftwf_free(memory); }
};
template <class T>
using FftwArray = std::unique_ptr<T[], FreeFftw>;

template <class T>
FftwArray<T> AllocateFftw(std::int64_t count) {
  void* memory = fftwf_malloc(static_cast<std::size_t>(count) * sizeof(T));
  if (memory == nullptr) throw std::bad_alloc();
  return FftwArray<T>(static_cast<T*>(memory));
}

/// τ h(n τ): the band-limited ramp's samples times the pixel, 1/mm.
double RampSample(int n, double pixel_width_mm) {
  if (n == 0) return 1 / (4 * pixel_width_mm);
  if (n % 2 == 0) return 0;
  return -1 / (std::numbers::pi * std::numbers::pi * n * n * pixel_width_mm);
}

/// The samples' discrete transform, Σ_n h(n) cos(2π k n / N), k = 0 … N/2. In double: near k = 0
/// almost everything cancels.
std::vector<double> RampResponse(int padded, double pixel_width_mm) {
  const int half = padded / 2;
  std::vector<double> cosine(padded), sample(half + 1);
  for (int i = 0; i < padded; ++i) cosine[i] = std::cos(2 * std::numbers::pi * i / padded);
  for (int n = 0; n <= half; ++n) sample[n] = RampSample(n, pixel_width_mm);
  std::vector<double> response(half + 1);
  ParallelFor(0, half + 1, [&](std::int64_t k) {
    double sum = sample[0];
    std::int64_t phase = k;  // k n mod N
    for (int n = 1; n <= half; n += 2) {
      sum += (n == half ? 1 : 2) * sample[n] * cosine[phase];
      phase = (phase + 2 * k) % padded;
    }
    response[k] = sum;
  });
  return response;
}

}  // namespace

double WindowValue(RampWindow window, double t) {
  if (t > 1 + 1e-9) return 0;
  const double pi = std::numbers::pi;
  switch (window) {
    case RampWindow::kRamLak:
      return 1;
    case RampWindow::kSheppLogan:
      return t == 0 ? 1 : std::sin(pi * t / 2) / (pi * t / 2);
    case RampWindow::kCosine:
      return std::cos(pi * t / 2);
    case RampWindow::kHamming:
      return 0.54 + 0.46 * std::cos(pi * t);
    case RampWindow::kHann:
      return 0.5 + 0.5 * std::cos(pi * t);
  }
  return 0;
}

/// One thread's buffers: pairs of lines [pair][padded column], and the transform of one.
class RampFilter::Batch {
 public:
  explicit Batch(int padded)
      : padded_(padded),
        pairs_(AllocateFftw<fftwf_complex>(std::int64_t{padded} * kLines / 2)),
        spectrum_(AllocateFftw<fftwf_complex>(padded)) {}

  fftwf_complex* pair(int index) { return pairs_.get() + std::int64_t{index} * padded_; }
  fftwf_complex* spectrum() { return spectrum_.get(); }

  /// Line i's columns lie at data[offset[i] + column · stride].
  void Gather(const float* data, absl::Span<const std::int64_t> offset, std::int64_t stride,
              int columns) {
    float* values = &pairs_[0][0];
    std::fill_n(values, std::int64_t{padded_} * kLines, 0.0f);
    for (std::int64_t c = 0; c < columns; ++c) {
      for (std::size_t i = 0; i < offset.size(); ++i) {
        values[Place(i, c)] = data[offset[i] + c * stride];
      }
    }
  }
  void Scatter(float* data, absl::Span<const std::int64_t> offset, std::int64_t stride,
               int columns) const {
    const float* values = &pairs_[0][0];
    for (std::int64_t c = 0; c < columns; ++c) {
      for (std::size_t i = 0; i < offset.size(); ++i) {
        data[offset[i] + c * stride] = values[Place(i, c)];
      }
    }
  }
  void MultiplySpectrum(absl::Span<const float> response) {
    for (std::size_t k = 0; k < response.size(); ++k) {
      spectrum_[k][0] *= response[k];
      spectrum_[k][1] *= response[k];
    }
    for (std::size_t k = response.size(); k < static_cast<std::size_t>(padded_); ++k) {
      const float mirrored = response[padded_ - k];
      spectrum_[k][0] *= mirrored;
      spectrum_[k][1] *= mirrored;
    }
  }

 private:
  std::int64_t Place(std::size_t line, std::int64_t column) const {
    const auto pair = static_cast<std::int64_t>(line / 2),
               part = static_cast<std::int64_t>(line % 2);
    return (pair * padded_ + column) * 2 + part;
  }

  int padded_;
  FftwArray<fftwf_complex> pairs_, spectrum_;
};

struct RampFilter::Plans {
  explicit Plans(int padded) {
    Batch batch(padded);
    const std::lock_guard lock(FftwPlannerMutex());
    // ESTIMATE: a measured plan would change the last bits from run to run. An even length keeps
    // every pair on the alignment that the plan was made for.
    TOMOSLAB_CHECK(padded % 2 == 0);
    constexpr unsigned flags = FFTW_ESTIMATE;
    forward = fftwf_plan_dft_1d(padded, batch.pair(0), batch.spectrum(), FFTW_FORWARD, flags);
    backward = fftwf_plan_dft_1d(padded, batch.spectrum(), batch.pair(0), FFTW_BACKWARD, flags);
    TOMOSLAB_CHECK(forward != nullptr && backward != nullptr);
  }
  ~Plans() {
    const std::lock_guard lock(FftwPlannerMutex());
    fftwf_destroy_plan(forward);
    fftwf_destroy_plan(backward);
  }
  fftwf_plan forward, backward;
};

RampFilter::RampFilter(int columns, double pixel_width_mm, const RampOptions& options)
    : columns_(columns),
      padded_columns_(FastLength(2 * columns)),
      plans_(std::make_unique<Plans>(padded_columns_)) {
  const std::vector<double> ramp = RampResponse(padded_columns_, pixel_width_mm);
  response_.resize(ramp.size());
  for (std::size_t k = 0; k < ramp.size(); ++k) {
    const double of_nyquist = 2.0 * static_cast<double>(k) / padded_columns_;
    response_[k] = static_cast<float>(
        ramp[k] * WindowValue(options.window, of_nyquist / options.cutoff) / padded_columns_);
  }
}

RampFilter::~RampFilter() = default;

std::string RampFilter::Apply(Field& projections) const {
  TOMOSLAB_CHECK(projections.outer() % columns_ == 0);
  std::string warning = ApplyWhereTheyAre(projections);
  const bool anywhere = projections.sum()->Max(warning.empty() ? 0 : 1) > 0;
  if (anywhere && warning.empty()) warning = "the filter ran on the CPU of another rank";
  return warning;
}

std::string RampFilter::ApplyWhereTheyAre(Field& projections) const {
  if (projections.on_host()) {
    ApplyOnHost(projections);
    return "";
  }
  const absl::Status filtered = FilterOnDevice({columns_, padded_columns_}, response_, projections);
  if (filtered.ok()) return "";
  Field here(projections.outer(), projections.inner(), projections.inner_total(),
             projections.sum());
  Copy(projections, here);
  ApplyOnHost(here);
  Copy(here, projections);
  return absl::StrFormat("the filter ran on the CPU, which is slower: %s", filtered.message());
}

void RampFilter::ApplyOnHost(Field& projections) const {
  const std::int64_t rows = projections.inner_size();
  const std::int64_t lines = projections.outer() / columns_ * rows;  // line = view · rows + row
  const std::int64_t batches = (lines + kLines - 1) / kLines;
  const std::int64_t threads = std::min<std::int64_t>(ThreadCount(), batches);
  ParallelFor(0, threads, [&](std::int64_t thread) {
    Batch batch(padded_columns_);
    for (std::int64_t b = thread; b < batches; b += threads) {
      std::int64_t offset[kLines];
      const std::int64_t first = b * kLines, count = std::min<std::int64_t>(kLines, lines - first);
      for (std::int64_t i = 0; i < count; ++i) {
        offset[i] = (first + i) / rows * columns_ * rows + (first + i) % rows;
      }
      const absl::Span<const std::int64_t> offsets(offset, static_cast<std::size_t>(count));
      batch.Gather(projections.data(), offsets, rows, columns_);
      for (int pair = 0; 2 * pair < count; ++pair) {
        fftwf_execute_dft(plans_->forward, batch.pair(pair), batch.spectrum());
        batch.MultiplySpectrum(response_);
        fftwf_execute_dft(plans_->backward, batch.spectrum(), batch.pair(pair));
      }
      batch.Scatter(projections.data(), offsets, rows, columns_);
    }
  });
}

}  // namespace tomoslab
