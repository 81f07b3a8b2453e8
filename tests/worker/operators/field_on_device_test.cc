// Every function of fields on an accelerator against the same on the host.
#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/accelerators.h"
#include "worker/operators/field.h"

namespace tomoslab {
namespace {

using ::testing::HasSubstr;

/// One rank's share alone.
class SumHere : public OrderedSum {
 public:
  std::vector<double> Sum(absl::Span<const double> partials, int quantities, IndexRange local,
                          std::int64_t) const override {
    return LocalSum().Sum(partials, quantities, {0, local.size()}, local.size());
  }
  double Max(double local) const override { return local; }
};
const SumHere kLocal;

struct Shape {
  std::int64_t outer;
  IndexRange inner;
  std::int64_t total;
};
/// Odd sizes, single slices, a slab within a volume, a fan beam's projections, more lines than
/// blocks of a dot product.
const Shape kShapes[] = {{7, {0, 5}, 5},      {300, {0, 1}, 1},      {1000, {3, 20}, 33},
                         {263, {0, 33}, 33},  {70000, {0, 2}, 2},    {3, {4, 4}, 9},
                         {66000, {5, 6}, 18}, {1, {0, 70001}, 70001}};

Field Random(const Shape& shape, unsigned seed) {
  Field x(shape.outer, shape.inner, shape.total, &kLocal);
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (float& value : x.values()) value = uniform(generator);
  return x;
}

class FieldOnDevice : public testing::OnAccelerator {
 protected:
  Field There(const Field& x) const {
    Field there(x.outer(), x.inner(), x.inner_total(), x.sum(), accelerator());
    Copy(x, there);
    return there;
  }
  static std::vector<float> Here(const Field& x) {
    std::vector<float> values(x.size());
    Read(x, AllLines(x), values.data());
    return values;
  }

  /// The same `change` of two fields here and there.
  void Compare(const std::function<void(const Field&, Field&)>& change, float tolerance = 0) const {
    for (const Shape& shape : kShapes) {
      const Field a = Random(shape, 1);
      Field b = Random(shape, 2);
      const Field a_there = There(a);
      Field b_there = There(b);
      change(a, b);
      change(a_there, b_there);
      const std::vector<float> got = Here(b_there);
      for (std::int64_t i = 0; i < b.size(); ++i)
        ASSERT_NEAR(got[i], b.data()[i], tolerance * std::abs(b.data()[i])) << i;
    }
  }
};

TEST_P(FieldOnDevice, StartsAtZero) {
  const Field x(100, {0, 3}, 3, &kLocal, accelerator());
  EXPECT_FALSE(x.on_host());
  for (const float value : Here(x)) EXPECT_EQ(value, 0.0f);
}

TEST_P(FieldOnDevice, ComputesAsTheHost) {
  constexpr float kRounding = 1e-6f;  // of fused operations
  Compare([](const Field&, Field& b) { Fill(0.3, b); });
  Compare([](const Field& a, Field& b) { Copy(a, b); });
  Compare([](const Field& a, Field& b) { Multiply(a, b); });
  Compare([](const Field& a, Field& b) { Subtract(a, b, b); });
  Compare([](const Field&, Field& b) { Scale(-1.7, b); });
  Compare([](const Field&, Field& b) { Clamp({.lower = -0.5, .upper = 0.25}, b); });
  Compare([](const Field&, Field& b) { Clamp({.lower = 0}, b); });
  Compare([](const Field& a, Field& b) { Copy(Like(a), b); });
  Compare([](const Field&, Field& b) { b = Inverse(std::move(b), 0.1); }, kRounding);
}

TEST_P(FieldOnDevice, AxpyRoundsOnceOrTwice) {
  for (const Shape& shape : kShapes) {
    const Field a = Random(shape, 3);
    const Field b = Random(shape, 4);
    Field sum = There(b);
    Axpy(0.37, There(a), sum);
    const std::vector<float> got = Here(sum);
    for (std::int64_t i = 0; i < b.size(); ++i)
      ASSERT_NEAR(got[i], 0.37 * a.data()[i] + b.data()[i], 2e-7) << i;
  }
}

TEST_P(FieldOnDevice, DotProductsHaveTheBitsOfTheHost) {
  for (const Shape& shape : kShapes) {
    const Field a = Random(shape, 5), b = Random(shape, 6);
    const Field a_there = There(a), b_there = There(b);
    EXPECT_EQ(Dot(a_there, b_there), Dot(a, b));
    EXPECT_EQ(Dots(a_there, a_there, a_there, b_there), Dots(a, a, a, b));
    EXPECT_EQ(Norm(b_there), Norm(b));
    EXPECT_EQ(MaxAbs(b_there), MaxAbs(b));
  }
}

TEST_P(FieldOnDevice, LinesAreReadAndWritten) {
  const Field x = Random({60, {0, 8}, 8}, 7);
  const Field there = There(x);
  const FieldLines lines{3, 10, 6, {2, 5}};  // a column of voxels, three slices of it
  std::vector<float> got(18), expected(18);
  Read(x, lines, expected.data());
  Read(there, lines, got.data());
  EXPECT_EQ(got, expected);
  EXPECT_EQ(expected[0], x.line(3)[2]);
  EXPECT_EQ(expected[17], x.line(53)[4]);

  Field y = Like(x), y_there = Like(there);
  Write(expected.data(), lines, y);
  Write(expected.data(), lines, y_there);
  EXPECT_EQ(Here(y_there), Here(y));
  EXPECT_EQ(y.line(53)[4], expected[17]);
  EXPECT_EQ(y.line(53)[5], 0.0f);
}

TEST_P(FieldOnDevice, MemoryThatDoesNotSufficeIsAnErrorWithFigures) {
  const std::int64_t limit = std::int64_t{64} << 20;
  auto small = Accelerator::Open(accelerator()->device(), limit);
  ASSERT_TRUE(small.ok()) << small.status();
  const auto slab = [&] { return Field(1 << 20, {0, 10}, 10, &kLocal, small->get()); };  // 40 MiB
  const Field first = slab();
  try {
    slab();
    FAIL() << "it fits";
  } catch (const DeviceMemoryError& error) {
    EXPECT_THAT(error.what(), HasSubstr("needs 0.039 GiB"));
    EXPECT_THAT(error.what(), HasSubstr("0.062 GiB that this rank may use"));
    EXPECT_THAT(error.what(), HasSubstr("use more ranks"));
  }
  EXPECT_EQ((*small)->used_bytes(), 40 << 20);
}

TEST_P(FieldOnDevice, FieldsGiveTheirMemoryBack) {
  { const Field x(1 << 10, {0, 16}, 16, &kLocal, accelerator()); }
  EXPECT_EQ(accelerator()->used_bytes(), 0);
  EXPECT_EQ(accelerator()->TakePeakBytes(), 1 << 16);
  EXPECT_EQ(accelerator()->TakePeakBytes(), 0);
}

TOMOSLAB_ON_ACCELERATORS(FieldOnDevice);

}  // namespace
}  // namespace tomoslab
