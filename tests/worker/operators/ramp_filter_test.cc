#include "worker/operators/ramp_filter.h"

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

const LocalSum kLocal;
constexpr double kPi = std::numbers::pi;

Field Projections(int views, int columns, std::int64_t rows) {
  return Field(std::int64_t{views} * columns, {0, rows}, rows, &kLocal);
}

Field RandomProjections(int views, int columns, std::int64_t rows) {
  Field projections = Projections(views, columns, rows);
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(0, 1);
  for (float& value : projections.values()) value = uniform(generator);
  return projections;
}

/// Kak & Slaney's samples times the pixel, summed as they stand.
std::vector<double> Convolve(const std::vector<double>& line, double pixel_width_mm) {
  std::vector<double> result(line.size(), 0.0);
  for (int i = 0; i < static_cast<int>(line.size()); ++i) {
    for (int j = 0; j < static_cast<int>(line.size()); ++j) {
      const int n = i - j;
      const double h = n == 0 ? 0.25 : n % 2 == 0 ? 0 : -1 / (kPi * kPi * n * n);
      result[i] += h / pixel_width_mm * line[j];
    }
  }
  return result;
}

TEST(RampFilter, IsTheConvolutionWithKakAndSlaneysSamples) {
  for (int columns : {1, 2, 7, 50, 131}) {
    const Field before = RandomProjections(3, columns, 5);
    Field after = Like(before);
    Copy(before, after);
    RampFilter(columns, 0.2, {}).Apply(after);
    for (int view = 0; view < 3; ++view) {
      for (int row = 0; row < 5; ++row) {
        std::vector<double> line(columns);
        for (int c = 0; c < columns; ++c) line[c] = before.line(view * columns + c)[row];
        const std::vector<double> expected = Convolve(line, 0.2);
        for (int c = 0; c < columns; ++c) {
          // float32 transforms of numbers near 1, over a pixel of 0.2 mm
          EXPECT_NEAR(after.line(view * columns + c)[row], expected[c], 3e-6);
        }
      }
    }
  }
}

TEST(RampFilter, PadsToTwiceTheColumns) {
  for (int columns : {1, 3, 97, 640, 1400}) {
    EXPECT_GE(RampFilter(columns, 1, {}).padded_columns(), 2 * columns);
  }
}

TEST(RampFilter, ALineDependsOnItsNeighboursByRoundingOnly) {
  const int columns = 33;
  const Field all = RandomProjections(4, columns, 21);
  Field filtered = Like(all);
  Copy(all, filtered);
  const RampFilter filter(columns, 1, {.window = RampWindow::kHann});
  filter.Apply(filtered);
  Field part(all.outer(), {9, 14}, 21, &kLocal);  // as another rank would hold them
  for (std::int64_t o = 0; o < all.outer(); ++o) {
    for (int row = 9; row < 14; ++row) part.line(o)[row - 9] = all.line(o)[row];
  }
  const double largest = MaxAbs(filtered);
  const int threads = ThreadCount();
  SetThreadCount(3);
  filter.Apply(part);
  SetThreadCount(threads);
  for (std::int64_t o = 0; o < all.outer(); ++o) {
    for (int row = 9; row < 14; ++row) {
      EXPECT_NEAR(part.line(o)[row - 9], filtered.line(o)[row], 1e-6 * largest);
    }
  }
}

TEST(RampFilter, DoesNotDependOnThreads) {
  const RampFilter filter(33, 1, {});
  Field one = RandomProjections(4, 33, 21), three = RandomProjections(4, 33, 21);
  const int threads = ThreadCount();
  SetThreadCount(1);
  filter.Apply(one);
  SetThreadCount(3);
  filter.Apply(three);
  SetThreadCount(threads);
  EXPECT_TRUE(std::equal(one.values().begin(), one.values().end(), three.values().begin()));
}

TEST(RampFilter, FieldsWithoutRowsAreFine) {
  Field none(12, {2, 2}, 5, &kLocal);
  RampFilter(4, 1, {}).Apply(none);
}

TEST(RampFilter, WindowsByHand) {
  EXPECT_EQ(WindowValue(RampWindow::kRamLak, 1), 1);
  EXPECT_EQ(WindowValue(RampWindow::kRamLak, 1.01), 0);
  EXPECT_NEAR(WindowValue(RampWindow::kSheppLogan, 1), 2 / kPi, 1e-12);
  EXPECT_NEAR(WindowValue(RampWindow::kCosine, 1.0 / 3), std::cos(kPi / 6), 1e-12);
  EXPECT_NEAR(WindowValue(RampWindow::kHamming, 1), 0.08, 1e-12);
  EXPECT_NEAR(WindowValue(RampWindow::kHann, 0.5), 0.5, 1e-12);
  for (RampWindow window : {RampWindow::kRamLak, RampWindow::kSheppLogan, RampWindow::kCosine,
                            RampWindow::kHamming, RampWindow::kHann}) {
    EXPECT_EQ(WindowValue(window, 0), 1);
  }
}

TEST(RampFilter, CutoffRemovesHighFrequencies) {
  const RampFilter half(64, 1, {.window = RampWindow::kCosine, .cutoff = 0.5});
  const int nyquist = half.padded_columns() / 2;
  for (int k = 0; k <= nyquist; ++k) {
    if (k > nyquist / 2) {
      EXPECT_EQ(half.response()[k], 0) << k;
    }
  }
  EXPECT_GT(half.response()[nyquist / 4], 0);
}

}  // namespace
}  // namespace tomoslab
