#include "worker/operators/field.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "worker/core/parallel.h"

namespace tomoslab {
namespace {

const LocalSum kLocal;

Field Whole(std::int64_t outer, std::int64_t inner) {
  return Field(outer, {0, inner}, inner, &kLocal);
}

Field Random(std::int64_t outer, std::int64_t inner, unsigned seed) {
  Field x = Whole(outer, inner);
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (float& value : x.values()) value = uniform(generator);
  return x;
}

/// Keeps what one rank would send, and answers nothing useful.
class RecordingSum : public OrderedSum {
 public:
  std::vector<double> Sum(absl::Span<const double> partials, int quantities, IndexRange,
                          std::int64_t) const override {
    sent.assign(partials.begin(), partials.end());
    return std::vector<double>(quantities, 0.0);
  }
  double Max(double local) const override { return local; }
  mutable std::vector<double> sent;
};

/// The slices [range) of x, as another rank would hold them.
Field Part(const Field& x, IndexRange range, const OrderedSum* sum) {
  Field part(x.outer(), range, x.inner_total(), sum);
  for (std::int64_t o = 0; o < x.outer(); ++o) {
    for (std::int64_t z = range.begin; z < range.end; ++z) {
      part.line(o)[z - range.begin] = x.line(o)[z];
    }
  }
  return part;
}

TEST(Field, StartsAtZeroOnA64ByteBoundary) {
  for (std::int64_t inner : {1, 3, 17}) {
    const Field x = Whole(5, inner);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.data()) % 64, 0u);
    EXPECT_EQ(x.size(), 5 * inner);
    for (float value : x.values()) EXPECT_EQ(value, 0.0f);
  }
}

TEST(Field, ElementwiseOperationsByHand) {
  Field x = Whole(1, 3), y = Whole(1, 3);
  x.values()[0] = 1, x.values()[1] = -2, x.values()[2] = 3;
  Fill(10, y);
  Axpy(2, x, y);  // 12, 6, 16
  EXPECT_EQ(y.values(), (std::vector<float>{12, 6, 16}));
  Subtract(y, x, y);  // 11, 8, 13
  EXPECT_EQ(y.values(), (std::vector<float>{11, 8, 13}));
  Multiply(x, y);
  EXPECT_EQ(y.values(), (std::vector<float>{11, -16, 39}));
  Scale(0.5, y);
  EXPECT_EQ(y.values(), (std::vector<float>{5.5, -8, 19.5}));
  Clamp({.lower = 0}, y);
  EXPECT_EQ(y.values(), (std::vector<float>{5.5, 0, 19.5}));
  Clamp({.lower = 0, .upper = 6}, y);
  EXPECT_EQ(y.values(), (std::vector<float>{5.5, 0, 6}));
  Copy(x, y);
  EXPECT_EQ(y.values(), x.values());
  EXPECT_EQ(MaxAbs(x), 3);
  EXPECT_NEAR(Norm(x), std::sqrt(14.0), 1e-15);
}

TEST(Field, InverseIsZeroWhereNothingPasses) {
  Field x = Whole(1, 4);
  x.values()[0] = 4, x.values()[1] = 0, x.values()[2] = 3e-6f, x.values()[3] = 8e-6f;
  const Field inverse = Inverse(std::move(x));
  EXPECT_EQ(inverse.values()[0], 0.25f);
  EXPECT_EQ(inverse.values()[1], 0.0f);
  EXPECT_EQ(inverse.values()[2], 0.0f);  // below 1e-6 of the largest
  EXPECT_NEAR(inverse.values()[3], 125000, 0.1);
}

TEST(Field, InverseOfZeroIsZero) {
  const Field inverse = Inverse(Whole(2, 2));
  for (float value : inverse.values()) EXPECT_EQ(value, 0.0f);
}

TEST(Field, DotsGiveSeveralProductsAtOnce) {
  const Field a = Random(40, 7, 1), b = Random(40, 7, 2);
  const auto [ab, bb, aa] = Dots(a, b, b, b, a, a);
  EXPECT_EQ(ab, Dot(a, b));
  EXPECT_EQ(bb, Dot(b, b));
  EXPECT_EQ(aa, Dot(a, a));
}

TEST(Field, DotIsAccurate) {
  for (std::int64_t inner : {1, 15, 16, 33}) {
    const Field a = Random(5000, inner, 3), b = Random(5000, inner, 4);
    long double exact = 0, magnitude = 0;
    for (std::int64_t i = 0; i < a.size(); ++i) {
      exact += static_cast<long double>(a.values()[i]) * b.values()[i];
      magnitude += std::abs(static_cast<long double>(a.values()[i]) * b.values()[i]);
    }
    EXPECT_NEAR(Dot(a, b), static_cast<double>(exact), 1e-13 * static_cast<double>(magnitude));
  }
}

TEST(Field, DotDoesNotDependOnThreads) {
  const Field a = Random(3001, 9, 5), b = Random(3001, 9, 6);
  const int threads = ThreadCount();
  SetThreadCount(1);
  const double one = Dot(a, b);
  SetThreadCount(7);
  const double seven = Dot(a, b);
  SetThreadCount(threads);
  EXPECT_EQ(one, seven);
}

TEST(Field, RanksSendWhatOneRankAdds) {
  for (std::int64_t inner : {5, 40}) {
    const Field a = Random(1000, inner, 7), b = Random(1000, inner, 8);
    std::vector<double> all;
    for (IndexRange range :
         {IndexRange{0, 1}, IndexRange{1, 1}, IndexRange{1, 4}, IndexRange{4, inner}}) {
      RecordingSum recording;
      Dot(Part(a, range, &recording), Part(b, range, &recording));
      EXPECT_EQ(static_cast<std::int64_t>(recording.sent.size()), range.size());
      all.insert(all.end(), recording.sent.begin(), recording.sent.end());
    }
    const double sum = kLocal.Sum(all, 1, {0, inner}, inner)[0];
    EXPECT_EQ(sum, Dot(a, b));  // to the last bit
  }
}

TEST(Field, AnEmptyPartIsFine) {
  RecordingSum recording;
  Field x(100, {3, 3}, 10, &recording);
  Field y = Like(x);
  Fill(1, x);
  Axpy(2, x, y);
  Clamp({.lower = 0}, y);
  EXPECT_EQ(MaxAbs(y), 0);
  EXPECT_EQ(Dot(x, y), 0);
  EXPECT_EQ(Inverse(std::move(x)).size(), 0);
}

TEST(Field, SumOfSquaresOfWhatIsNotStoredIsItsDot) {
  for (const auto& [outer, inner] : {std::pair{1000, 3}, std::pair{700, 37}, std::pair{5, 0}}) {
    const Field a = Random(outer, inner, 1), b = Random(outer, inner, 2);
    Field difference = Like(a), seen = Like(a);
    Subtract(a, b, difference);
    const double sum = SumOfSquares(a, [&](Piece piece, float* out) {
      for (std::int64_t i = piece.begin; i < piece.end; ++i) {
        out[i - piece.begin] = a.data()[i] - b.data()[i];
        seen.data()[i] += 1;
      }
    });
    EXPECT_EQ(sum, Dot(difference, difference));
    for (float times : seen.values()) EXPECT_EQ(times, 1.0f);
  }
}

}  // namespace
}  // namespace tomoslab
