// The GPU's ramp filter on the host: its bodies over all numbers, FFTW for the transforms.
#include "worker/operators/device_ramp_bodies.h"

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "worker/operators/line_transform.h"
#include "worker/operators/ramp_filter.h"

namespace tomoslab {
namespace {

const LocalSum kLocal;

TEST(LineTransform, IsTheSumOfCosinesAndSines) {
  constexpr std::int64_t kLength = 12, kLines = 5;
  std::mt19937 generator(2);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> samples(kLength * kLines), frequencies((kLength / 2 + 1) * kLines * 2);
  for (float& value : samples) value = uniform(generator);
  const auto transform = MakeFftwTransform({kLength, kLines});
  transform->Forward(samples.data(), frequencies.data());
  for (std::int64_t k = 0; k <= kLength / 2; ++k) {
    for (std::int64_t line = 0; line < kLines; ++line) {
      double real = 0, imaginary = 0;
      for (std::int64_t n = 0; n < kLength; ++n) {
        const double phase = 2 * std::numbers::pi * static_cast<double>(k * n) / kLength;
        real += samples[n * kLines + line] * std::cos(phase);
        imaginary -= samples[n * kLines + line] * std::sin(phase);
      }
      EXPECT_NEAR(frequencies[2 * (k * kLines + line)], real, 1e-5);
      EXPECT_NEAR(frequencies[2 * (k * kLines + line) + 1], imaginary, 1e-5);
    }
  }
  std::vector<float> back(samples.size());
  transform->Backward(frequencies.data(), back.data());
  for (std::size_t i = 0; i < samples.size(); ++i) EXPECT_NEAR(back[i] / kLength, samples[i], 1e-6);
}

/// In place, in groups of `lines`; the last group is not full.
void Filter(const RampFilter& filter, std::int64_t columns, std::int64_t lines, Field& q) {
  const std::int64_t padded_columns = filter.padded_columns();
  const LineTransformShape shape{padded_columns, lines};
  const auto transform = MakeFftwTransform(shape);
  std::vector<float> padded(padded_columns * lines), spectrum(shape.frequencies() * lines * 2);
  const std::int64_t total = q.size() / columns;
  for (std::int64_t first = 0; first < total; first += lines) {
    const device::LineGroup group{columns, q.inner_size(), total, first, lines};
    const device::PadLinesBody pad{group, q.data(), padded.data()};
    for (std::int64_t i = 0; i < padded_columns * lines; ++i) pad(i);
    transform->Forward(padded.data(), spectrum.data());
    const device::FilterLinesBody multiply{lines, filter.response().data(), spectrum.data()};
    for (std::int64_t i = 0; i < shape.frequencies() * lines; ++i) multiply(i);
    transform->Backward(spectrum.data(), padded.data());
    const device::UnpadLinesBody unpad{group, padded.data(), q.data()};
    for (std::int64_t i = 0; i < columns * lines; ++i) unpad(i);
  }
}

TEST(DeviceRamp, IsTheCpusFilter) {
  for (const int columns : {1, 2, 17, 60}) {
    for (const std::int64_t rows : {1, 7}) {
      for (const std::int64_t lines : {1, 4, 64}) {
        Field expected(5 * columns, {0, rows}, rows, &kLocal), q = Like(expected);
        std::mt19937 generator(1);
        std::uniform_real_distribution<float> uniform(0, 1);
        for (float& value : expected.values()) value = uniform(generator);
        Copy(expected, q);
        const RampFilter filter(columns, 0.2, {RampWindow::kHann, 0.8});
        filter.Apply(expected);
        Filter(filter, columns, lines, q);
        const double largest = MaxAbs(expected);
        for (std::int64_t i = 0; i < q.size(); ++i)
          ASSERT_NEAR(q.data()[i], expected.data()[i], 1e-6 * largest) << columns << ", " << lines;
      }
    }
  }
}

}  // namespace
}  // namespace tomoslab
